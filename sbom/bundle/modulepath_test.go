package bundle

import "testing"

func TestModuleOf(t *testing.T) {
	tests := []struct {
		source string
		want   module // none: no package
	}{
		{"node_modules/axios/lib/axios.js", module{"axios", "", "node_modules/axios", "lib/axios.js"}},
		{"../../node_modules/@scope/a/index.js", module{"@scope/a", "", "node_modules/@scope/a", "index.js"}},
		{"node_modules/a/node_modules/b/c.js", module{"b", "", "node_modules/a/node_modules/b", "c.js"}},
		{"webpack:///./node_modules/lodash/lodash.js", module{"lodash", "", "node_modules/lodash", "lodash.js"}},
		{"webpack://my-fn/./node_modules/lodash/lodash.js?1a2b", module{"lodash", "", "my-fn/node_modules/lodash", "lodash.js"}},
		{"webpack:///node_modules/babel-loader/lib/index.js!./node_modules/a/b.js", module{"a", "", "node_modules/a", "b.js"}},
		{"webpack:///./src/a.js!=!./node_modules/loader/x.js", module{"loader", "", "node_modules/loader", "x.js"}},
		{`C:\build\node_modules\a\b.js`, module{"a", "", "C:/build/node_modules/a", "b.js"}},
		{"file:///build/node_modules/%40scope/a/b.js", module{"@scope/a", "", "build/node_modules/@scope/a", "b.js"}},
		{"\x00/app/node_modules/a/b.js?commonjs-module", module{"a", "", "app/node_modules/a", "b.js"}},
		{"node_modules/a/../b/c.js", module{"b", "", "node_modules/b", "c.js"}},
		{"packages/fn/node_modules/a/b.js", module{"a", "", "packages/fn/node_modules/a", "b.js"}},

		// stores and archives
		{"node_modules/.pnpm/axios@1.6.0/node_modules/axios/index.js", module{"axios", "1.6.0", "node_modules/.pnpm/axios@1.6.0/node_modules/axios", "index.js"}},
		{"node_modules/.pnpm/axios@1.6.0_debug@4.3.4/node_modules/axios/index.js", module{"axios", "1.6.0", "node_modules/.pnpm/axios@1.6.0_debug@4.3.4/node_modules/axios", "index.js"}},
		{"node_modules/.pnpm/@s+a@1.0.0-rc.1(b@2.0.0)/node_modules/@s/a/i.js", module{"@s/a", "1.0.0-rc.1", "node_modules/.pnpm/@s+a@1.0.0-rc.1(b@2.0.0)/node_modules/@s/a", "i.js"}},
		{"node_modules/.pnpm/axios@1.6.0/node_modules/form-data/i.js", module{"form-data", "", "node_modules/.pnpm/axios@1.6.0/node_modules/form-data", "i.js"}},
		{"node_modules/.pnpm/registry.example.org/axios/0.21.0/node_modules/axios/i.js", module{"axios", "0.21.0", "node_modules/.pnpm/registry.example.org/axios/0.21.0/node_modules/axios", "i.js"}},
		{"node_modules/.pnpm/a@file+..+a/node_modules/a/i.js", module{"a", "", "node_modules/.pnpm/a@file+..+a/node_modules/a", "i.js"}},
		{"node_modules/.bun/a@1.0.0+0a1b2c/node_modules/a/i.js", module{"a", "1.0.0", "node_modules/.bun/a@1.0.0+0a1b2c/node_modules/a", "i.js"}},
		{"../.yarn/cache/axios-npm-1.6.0-0a1b2c3d4e-5f6a7b8c9d.zip/node_modules/axios/i.js", module{"axios", "1.6.0", ".yarn/cache/axios-npm-1.6.0-0a1b2c3d4e-5f6a7b8c9d.zip/node_modules/axios", "i.js"}},
		{".yarn/cache/@s-a-npm-1.0.0-beta.1-0a1b2c3d4e.zip/node_modules/@s/a/i.js", module{"@s/a", "1.0.0-beta.1", ".yarn/cache/@s-a-npm-1.0.0-beta.1-0a1b2c3d4e.zip/node_modules/@s/a", "i.js"}},
		{".yarn/unplugged/a-npm-1.0.0-0a1b2c3d4e/node_modules/a/i.js", module{"a", "1.0.0", ".yarn/unplugged/a-npm-1.0.0-0a1b2c3d4e/node_modules/a", "i.js"}},
		{".yarn/cache/a-patch-0a1b2c3d4e-5f.zip/node_modules/a/i.js", module{"a", "", ".yarn/cache/a-patch-0a1b2c3d4e-5f.zip/node_modules/a", "i.js"}},
		{"/root/.yarn/berry/cache/a-npm-1.0.0-0a1b2c3d4e-10.zip/node_modules/a/i.js", module{"a", "1.0.0", "root/.yarn/berry/cache/a-npm-1.0.0-0a1b2c3d4e-10.zip/node_modules/a", "i.js"}},
		{"node_modules/.store/a-npm-1.0.0-0a1b2c3d4e/package/i.js", module{"a", "1.0.0", "node_modules/.store/a-npm-1.0.0-0a1b2c3d4e", "i.js"}},

		// no packages
		{"src/index.ts", module{}},
		{"webpack://fn/webpack/bootstrap", module{}},
		{`webpack://fn/external node-commonjs "fs"`, module{}},
		{"node_modules/axios", module{}},
		{"node_modules/@scope/a", module{}},
		{"node_modules/", module{}},
		{"node_modules//a.js", module{}},
		{"node_modules/.vite/deps/axios.js", module{}},
		{"node_modules/a b/c.js", module{}},
		{"node_modules/ä/c.js", module{}},
		{"node_modules/../../../etc/passwd/x", module{}},
		{"old_node_modules/a/b.js", module{}},
		{"node_modules/a\x00b/c.js", module{}},
	}
	for _, test := range tests {
		got, ok := moduleOf(test.source)
		if ok != (test.want.name != "") || got != test.want {
			t.Errorf("moduleOf(%q) = %+v, %t", test.source, got, ok)
		}
	}
}

func TestVersions(t *testing.T) {
	for _, v := range []string{"0.0.0", "1.2.3", "1.2.3-rc.1", "1.2.3+build.5", "1.2.3-0a.b-c+d", "2024.10.12", "1.0.0-alpha-beta"} {
		if !ValidVersion(v) {
			t.Errorf("%q is a version", v)
		}
	}
	for _, v := range []string{"", "1", "1.2", "1.2.3.4", "01.2.3", "^1.2.3", "v1.2.3", "1.2.x", "latest", "1.2.3 ", "1.2.3-", "1.2.3-a..b", "1.2.3-a.", "npm:a@1.0.0", "1.2.12345678901234567"} {
		if ValidVersion(v) {
			t.Errorf("%q is no version", v)
		}
	}
}

func TestNames(t *testing.T) {
	for _, n := range []string{"a", "axios", "JSONStream", "@s/a", "@s/_a", "lodash.get", "a-b_c~d", "7zip"} {
		if !ValidName(n) {
			t.Errorf("%q is a name", n)
		}
	}
	for _, n := range []string{"", ".a", "_a", "a/b", "@s", "@s/", "@/a", "a b", "ä", "a\n", "node_modules", "@s/a/b", "a@1", "a%2f", "<b>", string(make([]byte, 300))} {
		if ValidName(n) {
			t.Errorf("%q is no name", n)
		}
	}
}
