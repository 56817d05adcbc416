package inspect

import (
	"strings"
)

// findHints takes what the name of a file below the function's root says.
func (s *survey) findHints(f file) {
	s.handlerHints(f)
	s.awsHints(f)
	s.azureHints(f)
	s.otherProviders(f)
	s.pythonHints(f)
	s.nodeHints(f)
	s.rubyHints(f)
	s.dotnetHints(f)
}

// findImageHints takes what a file of an image outside the function's root
// says.
func (s *survey) findImageHints(f file) {
	switch {
	case f.rel == "lambda-entrypoint.sh":
		s.hints.provider(ProviderAWS, Strong, f.Path, "the entry point of its base images")
	case strings.HasPrefix(f.rel, "var/runtime/bootstrap"):
		s.hints.provider(ProviderAWS, Strong, f.Path, "its runtime's own program")
	case f.base == "Microsoft.Azure.WebJobs.Script.WebHost.dll":
		s.hints.provider(ProviderAzure, Strong, f.Path, "its host")
	}
}

// handlerHints takes the names that frameworks and consoles give to the file a
// function is in, where providers look for it.
func (s *survey) handlerHints(f file) {
	language := ""
	switch f.ext {
	case ".js", ".mjs", ".cjs":
		language = "nodejs"
	case ".py":
		language = "python"
	case ".rb":
		language = "ruby"
	default:
		return
	}
	switch strings.TrimSuffix(f.rel, f.ext) {
	case "index", "handler", "app", "main", "lambda", "lambda_function", "function", "function_app":
		s.hints.runtime(RuntimeHint{Name: language}, Weak, f.Path, "a usual name of a handler's file")
	}
}

func (s *survey) awsHints(f file) {
	switch {
	case f.rel == "bootstrap":
		s.hints.provider(ProviderAWS, Strong, f.Path, "the program of a custom runtime")
		s.hints.runtime(RuntimeHint{Name: "provided.*"}, Strong, f.Path, "a bootstrap at the root")
	case f.rel == "META_INF/aws_signer_signature_v1.0.SF":
		s.hints.provider(ProviderAWS, Strong, f.Path, "a signature of AWS Signer")
	case f.rel == "lambda_function.py", f.rel == "lambda_function.rb":
		s.hints.provider(ProviderAWS, Weak, f.Path, "its default name of a handler's file")
	case strings.HasPrefix(f.rel, "com/amazonaws/services/lambda/runtime/"):
		if f.base == "RequestHandler.class" || f.base == "RequestStreamHandler.class" {
			s.hints.provider(ProviderAWS, Strong, f.Path, "its handler interface")
		}
	case strings.HasPrefix(f.base, "aws-lambda-java-core-") && f.ext == ".jar":
		s.hints.provider(ProviderAWS, Strong, f.Path, "its handler interface")
	case f.base == "Amazon.Lambda.Core.dll", f.base == "Amazon.Lambda.RuntimeSupport.dll":
		s.hints.provider(ProviderAWS, Strong, f.Path, "its library for .NET")
	case f.rel == "awslambdaric/__init__.py", f.rel == "node_modules/aws-lambda-ric/package.json":
		s.hints.provider(ProviderAWS, Strong, f.Path, "its runtime interface client")
	case strings.HasPrefix(f.rel, "extensions/") && strings.Count(f.rel, "/") == 1 && f.Executable():
		s.hints.provider(ProviderAWS, Weak, f.Path, "an extension of a layer")
	}
}

func (s *survey) azureHints(f file) {
	switch {
	case f.rel == "host.json":
		s.hints.provider(ProviderAzure, Strong, f.Path, "the host's configuration")
	case f.base == "function.json" && strings.Count(f.rel, "/") == 1:
		s.hints.provider(ProviderAzure, Strong, f.Path, "the bindings of a function")
	case f.rel == "function_app.py":
		s.hints.provider(ProviderAzure, Weak, f.Path, "its default name of an app's file")
	case f.base == "Microsoft.Azure.Functions.Worker.Core.dll", f.base == "Microsoft.Azure.WebJobs.dll":
		s.hints.provider(ProviderAzure, Strong, f.Path, "its library for .NET")
	case f.rel == "functions.metadata", strings.HasPrefix(f.rel, ".azurefunctions/"):
		s.hints.provider(ProviderAzure, Strong, f.Path, "made by its build")
	}
}

func (s *survey) otherProviders(f file) {
	switch {
	case f.base == ".vc-config.json":
		s.hints.provider(ProviderVercel, Strong, f.Path, "a function of its build output")
		s.toRead(f, (*survey).readVercel)
	case f.rel == "_worker.js", f.rel == "_worker.js/index.js":
		s.hints.provider(ProviderCloudflare, Strong, f.Path, "a worker of Pages")
	case f.rel == "wrangler.toml", f.rel == "wrangler.json", f.rel == "wrangler.jsonc":
		s.hints.provider(ProviderCloudflare, Strong, f.Path, "wrangler's configuration")
	case f.rel == "worker.js":
		if _, ok := s.lookup("metadata.json"); ok {
			s.hints.provider(ProviderCloudflare, Weak, f.Path, "a worker beside metadata.json")
		}
	case f.rel == "README.md":
		s.toRead(f, (*survey).readWranglerNote)
	case f.rel == "___netlify-entry-point.mjs", f.rel == "___netlify-bootstrap.mjs", f.rel == "___netlify-metadata.json":
		s.hints.provider(ProviderNetlify, Strong, f.Path, "made by its build")
	case f.rel == "node_modules/@google-cloud/functions-framework/package.json", f.rel == "functions_framework/__init__.py":
		s.hints.provider(ProviderGoogle, Weak, f.Path, "its framework, which runs elsewhere too")
	}
}

// pythonHints reads versions out of the names Python gives to what it compiled
// (PEP 3149, PEP 3147) and of the folders it searches.
func (s *survey) pythonHints(f file) {
	switch f.ext {
	case ".so", ".pyd":
		// name.cpython-312-x86_64-linux-gnu.so, name.cp312-win_amd64.pyd
		for _, marker := range []string{".cpython-", ".cp"} {
			_, tag, ok := strings.Cut(f.base, marker)
			if !ok {
				continue
			}
			if name, ok := pythonRuntime(leadingDigits(tag)); ok {
				s.hints.runtime(RuntimeHint{Name: name}, Strong, f.Path, "compiled for it")
			}
			break
		}
	case ".pyc":
		if _, tag, ok := strings.Cut(f.base, ".cpython-"); ok {
			if name, ok := pythonRuntime(leadingDigits(tag)); ok {
				s.hints.runtime(RuntimeHint{Name: name}, Weak, f.Path, "byte code made by it")
			}
		}
	}
	if f.base == "WHEEL" && strings.HasSuffix(strings.TrimSuffix(f.rel, "/WHEEL"), ".dist-info") {
		s.toRead(f, (*survey).readWheel)
	}
	if rest, ok := strings.CutPrefix(f.rel, "python/lib/python"); ok {
		version, rest, _ := strings.Cut(rest, "/")
		major, minor, _ := strings.Cut(version, ".")
		if isNumber(major) && isNumber(minor) && strings.HasPrefix(rest, "site-packages/") {
			s.hints.runtime(RuntimeHint{Name: "python" + version}, Strong, f.Path, "in the folder of its packages")
		}
	}
}

// pythonRuntime turns the "312" of a tag into "python3.12": the first digit is
// the major version.
func pythonRuntime(digits string) (string, bool) {
	if len(digits) < 2 || len(digits) > 4 || digits[0] < '2' || digits[0] > '4' {
		return "", false
	}
	return "python" + digits[:1] + "." + digits[1:], true
}

// leadingDigits returns the decimal digits s begins with.
func leadingDigits(s string) string {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[:n]
}

func (s *survey) nodeHints(f file) {
	if f.rel == "package.json" || f.rel == "nodejs/package.json" {
		s.toRead(f, (*survey).readEngines)
	}
	if m, ok := nodeLayer(f.rel); ok {
		s.hints.runtime(RuntimeHint{Name: "nodejs" + m.major + ".x"}, Strong, f.Path, "in the folder of its packages")
	}
}

// rubyHints reads the version of Ruby's interface out of the folders gems are
// installed in: vendor/bundle/ruby/3.3.0, and ruby/gems/3.3.0 in a layer.
func (s *survey) rubyHints(f file) {
	for _, folder := range []string{"vendor/bundle/ruby/", "ruby/gems/"} {
		rest, ok := strings.CutPrefix(f.rel, folder)
		if !ok {
			continue
		}
		version, rest, _ := strings.Cut(rest, "/")
		part := strings.SplitN(version, ".", 4)
		if rest != "" && len(part) == 3 && isNumber(part[0]) && isNumber(part[1]) && isNumber(part[2]) {
			s.hints.runtime(RuntimeHint{Name: "ruby" + part[0] + "." + part[1]}, Strong, f.Path, "in the folder of its gems")
		}
	}
}

func (s *survey) dotnetHints(f file) {
	if !strings.Contains(f.rel, "/") && strings.HasSuffix(f.base, ".runtimeconfig.json") {
		s.toRead(f, (*survey).readRuntimeConfig)
	}
	if !strings.Contains(f.rel, "/") && strings.HasSuffix(f.base, ".deps.json") {
		s.toRead(f, (*survey).readDeps)
	}
}
