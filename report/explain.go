package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fnseal/fnseal/internal/term"
	"github.com/fnseal/fnseal/vulndb"
)

// Explanation says what something fnseal reports means, and what to do.
type Explanation struct {
	ID    string
	Kind  string // "hazard", "check", "criterion" or "advisory"
	What  string // what is there
	Why   string // why it matters
	Do    string // what to do
	Facts []Fact // of an advisory
	URL   string
}

// Fact is one thing that is known.
type Fact struct{ Name, Value string }

// Explain returns what there is to say about a hazard, a check of the verdict,
// or another word of fnseal's own; ok is false for what is none of them.
func Explain(id string) (e Explanation, ok bool) {
	for _, known := range explanations {
		if known.ID == id {
			return known, true
		}
	}
	return Explanation{}, false
}

// Explained lists the ids that Explain knows, sorted.
func Explained() []string {
	var ids []string
	for _, e := range explanations {
		ids = append(ids, e.ID)
	}
	slices.Sort(ids)
	return ids
}

// ExplainText writes an explanation for a terminal.
func ExplainText(out io.Writer, e Explanation) error {
	w := &planWriter{}
	fmt.Fprintf(&w.b, "%s (%s)\n\n", term.Clean(e.ID), e.Kind)
	w.line("", e.What)
	if e.Why != "" {
		w.b.WriteByte('\n')
		w.line("", e.Why)
	}
	if len(e.Facts) > 0 {
		w.b.WriteByte('\n')
	}
	for _, f := range e.Facts {
		w.line("", f.Name+": "+f.Value)
	}
	if e.Do != "" {
		w.b.WriteByte('\n')
		w.line("", "What to do: "+e.Do)
	}
	if e.URL != "" {
		w.b.WriteByte('\n')
		w.line("", e.URL)
	}
	_, err := io.WriteString(out, w.b.String())
	return err
}

// ExplainJSON writes an explanation as fnseal's own JSON.
func ExplainJSON(w io.Writer, e Explanation) error {
	type factJSON struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	facts := []factJSON{}
	for _, f := range e.Facts {
		facts = append(facts, factJSON(f))
	}
	return writeJSON(w, struct {
		ID    string     `json:"id"`
		Kind  string     `json:"kind"`
		What  string     `json:"what"`
		Why   string     `json:"why,omitempty"`
		Facts []factJSON `json:"facts"`
		Do    string     `json:"whatToDo,omitempty"`
		URL   string     `json:"url,omitempty"`
	}{e.ID, e.Kind, e.What, e.Why, facts, e.Do, e.URL})
}

// maxDetails bounds what is told of an advisory's own words.
const maxDetails = 1200

// ExplainAdvisory says of a defect what the feed does. details are the words of
// its longest record, in Markdown.
func ExplainAdvisory(d *vulndb.Defect, details string) Explanation {
	e := Explanation{ID: d.ID, Kind: "advisory", What: cmp.Or(d.Summary, "An advisory without a summary."), URL: advisoryURL(d.ID)}
	e.Why = shorten(strings.Join(strings.Fields(strings.TrimPrefix(details, d.Summary)), " "), maxDetails)
	add := func(name, value string) {
		if value != "" {
			e.Facts = append(e.Facts, Fact{name, value})
		}
	}
	add("severity", severityText(d.Finding))
	add("vector", d.Vector)
	add("also known as", strings.Join(d.Aliases, ", "))
	add("published", dayText(d.Published))
	if d.KEV != nil {
		text := "known to be exploited, listed by CISA on " + dayText(d.KEV.Added)
		if d.KEV.Ransomware {
			text += ", used in ransomware campaigns"
		}
		add("exploitation", text)
	}
	if d.EPSS != nil {
		add("likelihood of exploitation within 30 days (EPSS)", likelihood(d.EPSS.Probability))
	}
	const most = 12
	for _, a := range d.Affected[:min(most, len(d.Affected))] {
		add("affects", fmt.Sprintf("%s %s %s (%s)", a.Ecosystem, a.Package, a.Versions, a.Record))
	}
	if n := len(d.Affected) - most; n > 0 {
		add("affects", fmt.Sprintf("and %d more", n))
	}
	e.Do = "fnseal scan tells which of your packages have it and to which version to upgrade. Where it does no harm, say so with a reason and a date in scan.ignore of fnseal.yaml, or in a VEX document."
	if d.Malicious {
		malicious, _ := Explain("malicious")
		e.Do = malicious.Do
	}
	return e
}

const repack = "Pack the package again with one tool from a clean directory (fnseal pack, zip -X, the framework's own packer), and look for the step that changed it. If the function is known to be unharmed, --unsafe-allow-hazard ID lets this one kind pass."

// explanations are those of fnseal's own words: hazards of packages, checks of
// the verdict, criteria of --fail-on.
var explanations = []Explanation{
	hazard("duplicate-name", "Two entries of the archive have the same name.", "One reader takes the first, another the last: what was scanned need not be what runs."),
	hazard("case-fold-name", "Two entries have names that differ only in case or in how characters are composed.", "On a file system that takes them for the same, one overwrites the other. Functions run on Linux, where both exist; shaded jars with META-INF/LICENSE beside META-INF/license/ are the usual harmless case."),
	hazard("file-as-directory", "A path is a file or a link and also the folder of another entry.", "What is unpacked depends on the order, and a link in the middle of a path can lead out of the package."),
	hazard("parent-path", "An entry's name has \"..\" in it.", "An unpacker that obeys it writes outside its folder."),
	hazard("absolute-path", "An entry's name begins with a slash or a drive letter.", "An unpacker that obeys it writes anywhere on the machine."),
	hazard("backslash-path", "An entry's name has a backslash in it.", "One system takes it for a separator of folders and another for a letter, so the same bytes unpack to different trees."),
	hazard("control-name", "An entry's name has a control character in it.", "Readers that end names at NUL see another name, and terminals can be made to show another one."),
	hazard("invalid-name", "An entry's name is empty, has \".\" elements or is no UTF-8.", "Readers repair such names in different ways."),
	hazard("prepended-bytes", "There is data before the first entry.", "Some readers skip it, others take offsets from the start of the file and find other entries; it is also where programs and second archives hide."),
	hazard("trailing-bytes", "There is data behind the end record, or between the entries and the directory.", "It can hold a second directory that another reader finds first."),
	hazard("gap-bytes", "There is data between entries that no header names.", "A reader that goes through the file from the front may find an entry there that the directory does not have."),
	hazard("header-mismatch", "An entry's local header contradicts the central directory.", "Readers believe the one or the other: they see different names, sizes or content."),
	hazard("overlapping-entry", "Two entries share bytes of the file.", "It is how archives are made that unpack to a thousand times their size, and how one content gets two names."),
	hazard("escaping-link", "A symbolic link leads out of the package.", "What is written or read through it is outside of what was scanned and signed."),
	hazard("looping-link", "Symbolic links lead in a circle.", "Tools that follow links do not end, or stop at different places."),
	hazard("special-file", "The package holds a device, socket or named pipe.", "No function needs one; who unpacks it as root creates it."),
	hazard("setuid", "A file has the setuid or setgid bit.", "Whoever runs it gets the rights of its owner. In a managed runtime it has no effect; in an image it may."),
	hazard("zip64-mismatch", "Fields for large archives contradict the others or are not called for.", "Readers with and without support for them see different sizes and offsets."),
	hazard("multi-disk", "The archive says that it spans several disks.", "Most readers ignore that, some look for other parts."),
	hazard("multiple-ends", "More than one end record could be the archive's.", "Each would give another list of entries."),
	hazard("unsupported-method", "An entry is compressed in a way other than store and deflate.", "Its content was not looked at, and the runtime may not be able to read it either."),
	hazard("encrypted-entry", "An entry's content needs a password.", "Its content could not be looked at."),
	hazard("unicode-path", "An extra field gives an entry another name.", "Readers that know the field see another name than those that do not."),
	hazard("whiteout", "A layer of the image removes what it adds itself, or removes in a way only one file system understands.", "What the container sees depends on the engine that puts the layers together."),

	check("package", "The file can be read, and in one way only.", "fnseal explain HAZARD says more of what is named."),
	check("bundle", "There is a bundle to judge by, and it can be read.", "Name it with --bundle, or put it beside the file as NAME.sigstore.json or NAME.sigstore.jsonl. A bundle that is named and cannot be read is a refusal; junk found beside the file is ignored."),
	check("signature", "A bundle is signed by an accepted key or identity.", "Compare who signed, which the check says, with who is accepted. If the signer is right, accept it with --key or with an identity; if not, the file is not the one you wanted."),
	check("digest", "What was signed is this file, byte by byte.", "\"The content is the same, it was packed again\" says that only the archive differs: deploy the bytes that were signed. Otherwise the content was changed after signing."),
	check("root", "The trusted root that was named can be read: what vouches for certificates, logs and timestamps.", "Fetch the root anew from whoever runs the instance; a file that is cut or edited is refused as a whole."),
	check("deployed", "What the provider says it runs is exactly a target that was accepted, or sealed by the bundles that were named.", "Somebody deployed something else, or past the gate. Deploy what was sealed, or name the target it should be. What the provider does not say (layers, images of a list) is to be asked for: fnseal verify --aws."),
	check("rebuilt", "An independent build (--rebuilt) yields the same bytes, or the same content that was packed differently.", "fnseal diff TARGET REBUILD lists all that differs. Builds differ for times, paths and unpinned dependencies; if none of these explains it, do not deploy the package."),
	check("type", "There is an attestation of each predicate type that was asked for (--type), about this file.", "A valid bundle proves a signature and nothing else. Make the attestation that lacks with fnseal seal or fnseal attest."),
	check("denied", "Neither the file nor who signed it is on a deny list.", "Somebody put it there on purpose: ask them before anything else."),
	check("source-repository", "The certificate says which repository it was built from.", "A key has no certificate: what a bundle under a plain key says of its source is a claim and satisfies nothing. Sign in the workflow of the repository."),
	check("source-ref", "The certificate says which branch or tag it was built from.", "Build it from the ref that is demanded, or demand the right one."),
	check("signer-workflow", "The certificate says which workflow signed.", "Compare the path and the ref of the workflow: a reusable workflow is named by its own repository."),
	check("runner", "The certificate says on what kind of runner it was built.", "Self-hosted runners keep state between jobs; build on hosted ones or accept the others."),
	check("provenance", "The provenance does not contradict the certificate of who signed it.", "A statement that names another repository, ref or workflow than the certificate was made up or copied: do not deploy it."),
	check("signers", "So many distinct signers as the policy demands have signed.", "Two signatures by one key are one signer. Let the others sign too."),
	check("approvals", "So many approvals as the policy demands are attested, by people who may give them.", "Collect the approvals that lack (fnseal attest)."),
	check("sbom", "An SBOM is attested or could be made, and is as complete as the policy demands.", "Seal the package (fnseal seal), or read in fnseal sbom why code is not accounted for."),
	check("vulnerabilities", "The findings are within what the policy accepts.", "fnseal scan says what to upgrade. What does no harm here goes into scan.ignore with a reason and a date, or into a VEX document."),
	check("hazards", "The package has no hazard that the policy refuses.", "fnseal explain HAZARD says more."),
	check("runtime", "The function runs on a managed runtime that the policy accepts.", "Move to the successor that fnseal inspect names."),
	check("components", "No component is one that the policy forbids.", "Remove it or replace it; the check names where it was found."),
	check("licenses", "All licences are ones that the policy accepts.", "Replace the component, or have its licence accepted. Components without a licence are told apart."),
	check("suppliers", "All components come from where the policy accepts.", "The check names the component and where it says it is from."),
	check("attestation", "There is an attestation as the policy demands it, with the content it demands.", "The check says which field was found and which was wanted."),
	check("receipt", "A receipt of an earlier verdict is valid and by an accepted verifier.", "Verify the file again and make a new receipt."),
	check("expression", "The policy's own expression holds.", "The check quotes the expression and what it came to."),

	{ID: "runtime-end-of-life", Kind: "criterion", What: "The managed runtime of a function is at its end or near it.", Why: "After deprecation the provider patches it no more; later it blocks creating and then updating functions on it, so that a fix cannot be deployed. Functions go on running.", Do: "Move to the successor that is named, before updates are blocked."},
	{ID: "not-assessed", Kind: "criterion", What: "A component could not be compared with the feed: there is no feed for its ecosystem, or its version has no place in the order of versions.", Why: "Nothing is known of it. It is not clean.", Do: "Add the ecosystem's feed (fnseal db update --ecosystem NAME), or find out the version."},
	{ID: "malicious", Kind: "criterion", What: "The package is an attack by itself (an advisory MAL-…).", Why: "It ran with everything the function could read.", Do: "Remove it, and rotate every secret the function had: keys, tokens, passwords. There is no version to upgrade to. Look at what the function could reach since it was first deployed with it."},
	{ID: "kev", Kind: "criterion", What: "The defect is in CISA's catalogue of known exploited vulnerabilities.", Why: "It is being used in attacks, not merely possible.", Do: "Upgrade first what is listed, and look whether it was used against you."},
	{ID: "overdue", Kind: "criterion", What: "The last day that the policy gives for a finding has passed.", Why: "See docs/deadlines.md for how days are counted.", Do: "Upgrade, or accept the risk for a time in scan.ignore, with a reason."},
}

func hazard(id, what, why string) Explanation {
	return Explanation{ID: id, Kind: "hazard", What: what, Why: why, Do: strings.ReplaceAll(repack, "ID", id)}
}

func check(id, what, do string) Explanation {
	return Explanation{ID: id, Kind: "check", What: what, Do: do}
}
