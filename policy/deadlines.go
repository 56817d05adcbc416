package policy

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/fnseal/fnseal/fnpkg"
	"github.com/fnseal/fnseal/patch"
	"github.com/fnseal/fnseal/vulndb"
)

// Deadlines say by when what is found must be dealt with. The earliest that
// applies to a finding counts.
type Deadlines struct {
	Preset    string           `yaml:"preset" jsonschema:"enum=cisa-bod-26-04,enum=cisa-bod-26-04-internal,enum=fedramp-rev5,enum=pci-dss-4" jsonschema_description:"Deadlines that a standard sets; what else is said here takes the place of its values."`
	From      string           `yaml:"from" jsonschema:"enum=published,enum=fix,enum=first-seen" jsonschema_description:"When deadlines start to count: the advisory's publication, the first day a fix was known (without a fix none runs), or the first scan that found it (scan --state). Default: published."`
	Severity  SeverityDays     `yaml:"severity" jsonschema_description:"Days for each severity, as in critical: 15d."`
	KEV       *Days            `yaml:"kev" jsonschema_description:"Days for what CISA lists as known to be exploited, from the day it was listed."`
	EPSS      []EPSSDeadline   `yaml:"epss" jsonschema:"minItems=1" jsonschema_description:"Days for what is likely to be exploited."`
	Malicious *Days            `yaml:"malicious" jsonschema_description:"Days for malicious packages, from when they are first seen."`
	Runtime   *RuntimeDeadline `yaml:"runtime" jsonschema_description:"By when functions must leave a managed runtime."`
}

// SeverityDays are the days for each severity.
type SeverityDays struct {
	Critical *Days `yaml:"critical"`
	High     *Days `yaml:"high"`
	Medium   *Days `yaml:"medium"`
	Low      *Days `yaml:"low"`
	None     *Days `yaml:"none"`
	Unknown  *Days `yaml:"unknown" jsonschema_description:"Days for what nobody rated."`
}

// EPSSDeadline is a deadline for what is at least so likely to be exploited.
type EPSSDeadline struct {
	AtLeast float64 `yaml:"at-least" jsonschema:"required,minimum=0,maximum=1" jsonschema_description:"Probability of exploitation within 30 days, from 0 to 1."`
	Within  *Days   `yaml:"within" jsonschema:"required"`
}

// RuntimeDeadline is by when functions must leave a managed runtime.
type RuntimeDeadline struct {
	By     string `yaml:"by" jsonschema:"enum=deprecated,enum=no-create,enum=no-update" jsonschema_description:"The state of the runtime that no function may reach. Default: deprecated."`
	Before *Days  `yaml:"before" jsonschema_description:"So long before that day."`
	Notice *Days  `yaml:"notice" jsonschema_description:"List runtimes so long ahead of that day. Default: 180d."`
}

// Days is a number of whole days: "0d" is at once, "2w" is fourteen.
type Days int

// UnmarshalText reads a number of days (d) or weeks (w).
func (d *Days) UnmarshalText(text []byte) error {
	number, factor := strings.CutSuffix(string(text), "d")
	n := 1
	if !factor {
		if number, factor = strings.CutSuffix(string(text), "w"); factor {
			n = 7
		}
	}
	days, err := strconv.ParseUint(number, 10, 16)
	if !factor || err != nil || days > 36500 {
		return fmt.Errorf("%q is not a number of days such as 30d or 2w", clip(string(text)))
	}
	*d = Days(int(days) * n)
	return nil
}

// MarshalText writes the days as they are read.
func (d Days) MarshalText() ([]byte, error) {
	if d < 0 {
		return nil, errors.New("there are no fewer days than none")
	}
	return []byte(strconv.Itoa(int(d)) + "d"), nil
}

// add takes over what another file says; what it says holds.
func (d *Deadlines) add(next Deadlines) {
	if next.Preset != "" {
		*d = Deadlines{Preset: next.Preset} // another standard, not a mixture of both
	}
	if next.From != "" {
		d.From = next.From
	}
	for _, pair := range [...]struct{ to, from **Days }{
		{&d.Severity.Critical, &next.Severity.Critical}, {&d.Severity.High, &next.Severity.High}, {&d.Severity.Medium, &next.Severity.Medium},
		{&d.Severity.Low, &next.Severity.Low}, {&d.Severity.None, &next.Severity.None}, {&d.Severity.Unknown, &next.Severity.Unknown},
		{&d.KEV, &next.KEV}, {&d.Malicious, &next.Malicious},
	} {
		if *pair.from != nil {
			*pair.to = *pair.from
		}
	}
	d.EPSS = append(d.EPSS, next.EPSS...)
	if next.Runtime != nil {
		d.Runtime = next.Runtime
	}
}

// check reports what is wrong with values that can be read.
func (d Deadlines) check(defect defectFunc) {
	oneOf := func(at, value string, known ...string) {
		for _, k := range known {
			if value == "" || value == k {
				return
			}
		}
		defect(at, "%q is none of %s", clip(value), strings.Join(known, ", "))
	}
	oneOf("preset", d.Preset, patch.Presets()...)
	oneOf("from", d.From, string(patch.ClockPublished), string(patch.ClockFix), string(patch.ClockFirstSeen))
	for i, e := range d.EPSS {
		at := under(defect, index("epss", i))
		if e.AtLeast < 0 || e.AtLeast > 1 {
			at("at-least", "must be a probability from 0 to 1")
		}
		if e.Within == nil {
			at("within", "is missing: the days, as in 7d")
		}
	}
	if d.Runtime != nil {
		oneOf("runtime.by", d.Runtime.By, string(fnpkg.RuntimeDeprecated), string(fnpkg.RuntimeNoCreate), string(fnpkg.RuntimeNoUpdate))
	}
}

// isZero reports whether nothing is said of deadlines.
func (d Deadlines) isZero() bool {
	return d.Preset == "" && d.From == "" && d.Severity == SeverityDays{} && d.KEV == nil && d.EPSS == nil && d.Malicious == nil && d.Runtime == nil
}

// Deadlines are what the section sets; none where it says nothing of them.
func (s Scan) deadlines() patch.Deadlines {
	d := s.Deadlines
	if d.isZero() {
		return patch.Deadlines{}
	}
	out, standard := patch.Preset(d.Preset)
	own := d
	own.Preset = ""
	switch {
	case !standard:
		out.Name = FileName
	case !own.isZero():
		out.Name += " and " + FileName
	}
	if d.From != "" {
		out.From = patch.Clock(d.From)
	}
	for severity, days := range map[vulndb.Severity]*Days{
		vulndb.SeverityCritical: d.Severity.Critical, vulndb.SeverityHigh: d.Severity.High, vulndb.SeverityMedium: d.Severity.Medium,
		vulndb.SeverityLow: d.Severity.Low, vulndb.SeverityNone: d.Severity.None, vulndb.SeverityUnknown: d.Severity.Unknown,
	} {
		if days == nil {
			continue
		}
		if out.Severity == nil {
			out.Severity = map[vulndb.Severity]int{}
		}
		out.Severity[severity] = int(*days)
	}
	if d.KEV != nil {
		out.Exploited = (*int)(d.KEV)
	}
	if d.Malicious != nil {
		out.Malicious = (*int)(d.Malicious)
	}
	for _, e := range d.EPSS {
		out.Likely = append(out.Likely, patch.Likely{AtLeast: e.AtLeast, Days: int(*e.Within)})
	}
	if r := d.Runtime; r != nil {
		out.Runtime.By = fnpkg.RuntimeState(r.By)
		if r.Before != nil {
			out.Runtime.Days = int(*r.Before)
		}
		if r.Notice != nil {
			out.Runtime.Notice = int(*r.Notice)
		}
	}
	return out
}

// Judgement returns how findings are judged by all files together: deadlines,
// and what is ignored, each entry with the file that says so.
func (s Sources) Judgement() (patch.Deadlines, []patch.Ignore) {
	var ignored []patch.Ignore
	for _, f := range s {
		for _, ig := range f.File.Scan.Ignore {
			ignored = append(ignored, patch.Ignore{ID: ig.ID, Package: ig.Package, Reason: ig.Reason, Expires: ig.Expires.day, Source: path.Base(f.Path)})
		}
	}
	return s.Scan().deadlines(), ignored
}
