package vulndb

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnseal/fnseal/fnpkg"
)

func distroComponent(purl string) fnpkg.Component {
	rest, _, _ := strings.Cut(strings.TrimPrefix(purl, "pkg:"), "?")
	parts := strings.Split(rest, "/")
	name, version, _ := strings.Cut(parts[len(parts)-1], "@")
	return fnpkg.Component{PURL: purl, Type: parts[0], Name: name, Version: strings.ReplaceAll(version, "%2B", "+")}
}

func TestDistroSubject(t *testing.T) {
	tests := []struct {
		purl   string
		want   subject
		reason string // a part of it
	}{
		// The source's own version counts: a binary may be built again.
		{"pkg:deb/debian/libssl3@3.0.11-1%2Bb1?distro=debian-12.5&upstream=openssl%403.0.11-1", sub("Debian:12", "openssl", "3.0.11-1"), ""},
		{"pkg:deb/debian/libssl3@3.0.19-1?distro=debian-12&upstream=openssl", sub("Debian:12", "openssl", "3.0.19-1"), ""},
		{"pkg:deb/ubuntu/bash@5.1-6ubuntu1?distro=ubuntu-22.04", sub("Ubuntu:22.04:LTS", "bash", "5.1-6ubuntu1"), ""},
		{"pkg:deb/ubuntu/bash@5.2-1?distro=ubuntu-24.10", sub("Ubuntu:24.10", "bash", "5.2-1"), ""},
		{"pkg:deb/ubuntu/bash@5.2-1?distro=ubuntu-noble", subject{}, "Ubuntu release"},
		{"pkg:apk/alpine/libcrypto3@3.3.2-r0?distro=alpine-3.20.3&upstream=openssl", sub("Alpine:v3.20", "openssl", "3.3.2-r0"), ""},
		{"pkg:apk/alpine/musl@1.2.5-r0?distro=alpine-edge", subject{}, "Alpine release"},
		{"pkg:apk/chainguard/musl@1.2.5-r0", sub("Chainguard", "musl", "1.2.5-r0"), ""},
		{"pkg:apk/alpaquita/musl@1.2.5-r0?distro=alpaquita-23", sub("Alpaquita:23", "musl", "1.2.5-r0"), ""},
		{
			"pkg:rpm/rocky/openssl-libs@3.0.7-27.el9?distro=rocky-9.3&epoch=1&upstream=openssl-3.0.7-27.el9.src.rpm",
			subject{ecosystem: "Rocky Linux:9", name: "openssl", version: "1:3.0.7-27.el9", binary: "openssl-libs", binaryVersion: "1:3.0.7-27.el9"}, "",
		},
		{
			"pkg:rpm/almalinux/perl-libs@5.32.1-480.el9?distro=almalinux-9.4&epoch=4&upstream=perl-5.32.1-480.el9.src.rpm",
			subject{ecosystem: "AlmaLinux:9", name: "perl", version: "4:5.32.1-480.el9", binary: "perl-libs", binaryVersion: "4:5.32.1-480.el9"}, "",
		},
		{"pkg:rpm/redhat/bash@5.1.8-6.el9?distro=rhel-9.2&upstream=bash-5.1.8-6.el9.src.rpm", sub("Red Hat:enterprise_linux:9", "bash", "5.1.8-6.el9"), ""},
		{"pkg:rpm/opensuse/bash@5.2?distro=opensuse-leap-15.5", sub("openSUSE:Leap 15.5", "bash", "5.2"), ""},
		{"pkg:rpm/opensuse/bash@5.2?distro=opensuse-tumbleweed-20240101", sub("openSUSE:Tumbleweed", "bash", "5.2"), ""},
		{"pkg:rpm/suse/bash@5.2?distro=sles-15.5", sub("SUSE:15 SP5", "bash", "5.2"), ""},
		{"pkg:rpm/suse/bash@5.2?distro=sles-15", sub("SUSE:15", "bash", "5.2"), ""},
		{"pkg:rpm/azurelinux/bash@5.2?distro=azurelinux-3.0", sub("Azure Linux:3", "bash", "5.2"), ""},
		{"pkg:rpm/photon/bash@5.2?distro=photon-5.0", sub("Photon OS:5.0", "bash", "5.2"), ""},
		{"pkg:rpm/amzn/bash@5.2?distro=amzn-2023", sub("Amazon Linux:2023", "bash", "5.2"), ""},
		{"pkg:rpm/fedora/bash@5.2?distro=fedora-40", subject{}, `"fedora"`},
		{"pkg:deb/debian/bash@5.2", subject{}, "which release"},
	}
	for _, test := range tests {
		got, reason := subjectOf(distroComponent(test.purl))
		if got != test.want || !strings.Contains(reason, test.reason) || (reason == "") != (test.reason == "") {
			t.Errorf("%s: %+v %q, want %+v %q", test.purl, got, reason, test.want, test.reason)
		}
	}
}

func fixedIn(id, ecosystem, name, version string) string {
	return `{"id":"` + id + `","affected":[{"package":{"ecosystem":"` + ecosystem + `","name":"` + name + `"},"ranges":[{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"` + version + `"}]}]}]}`
}

// TestDistributions: packages are compared by source and release, in the order
// of their distribution.
func TestDistributions(t *testing.T) {
	records := []string{
		fixedIn("DSA-1", "Debian:12", "openssl", "3.0.11-1~deb12u2"),
		fixedIn("DSA-2", "Debian:11", "openssl", "9"),
		fixedIn("USN-1", "Ubuntu:22.04:LTS", "openssl", "3.0.2-0ubuntu1.10"),
		fixedIn("ALPINE-1", "Alpine:v3.20", "openssl", "3.3.2-r1"),
		fixedIn("RLSA-1", "Rocky Linux:9", "openssl", "1:3.0.7-27.el9"),
		fixedIn("ALSA-1", "AlmaLinux:9", "openssl-libs", "1:3.0.7-27.el9"),
		fixedIn("RHSA-1", "Red Hat:enterprise_linux:9::baseos", "openssl", "1:3.0.7-27.el9"),
		fixedIn("RHSA-2", "Red Hat:enterprise_linux:9::appstream", "openssl-libs", "1:3.0.7-28.el9"),
		fixedIn("SUSE-1", "SUSE:Linux Enterprise Module for Basesystem 15 SP5", "openssl", "3.0.8-150500.5.8.1"),
		fixedIn("SUSE-2", "SUSE:Linux Enterprise Server 15 SP4-LTSS", "openssl", "9"),
		fixedIn("AZL-1", "Azure Linux:3", "openssl", "3.3.0-2.azl3"),
		fixedIn("WOLFI-1", "Wolfi", "openssl", "3.3.2-r1"),
	}
	archives := make(map[string]map[string]string)
	for i, ecosystem := range []string{"Debian", "Debian", "Ubuntu", "Alpine", "Rocky Linux", "AlmaLinux", "Red Hat", "Red Hat", "SUSE", "SUSE", "Azure Linux", "Wolfi"} {
		if archives[ecosystem] == nil {
			archives[ecosystem] = make(map[string]string)
		}
		archives[ecosystem][string(rune('a'+i))+".json"] = records[i]
	}
	db := open(t, update(t, writeFeed(t, archives)))
	tests := []struct {
		purl   string
		want   []string
		reason string // why it is not assessed
	}{
		{"pkg:deb/debian/libssl3@3.0.11-1~deb12u1%2Bb1?distro=debian-12&upstream=openssl%403.0.11-1~deb12u1", []string{"DSA-1"}, ""},
		{"pkg:deb/debian/libssl3@3.0.11-1~deb12u2?distro=debian-12&upstream=openssl", nil, ""},
		{"pkg:deb/debian/libssl3@3.0.11-1?distro=debian-13&upstream=openssl", nil, "no advisory for any package of Debian:13"},
		{"pkg:deb/ubuntu/libssl3@3.0.2-0ubuntu1.9?distro=ubuntu-22.04&upstream=openssl", []string{"USN-1"}, ""},
		{"pkg:apk/alpine/libcrypto3@3.3.2-r0?distro=alpine-3.20.3&upstream=openssl", []string{"ALPINE-1"}, ""},
		{"pkg:apk/alpine/libcrypto3@3.3.2-r0?distro=alpine-3.21.0&upstream=openssl", nil, "Alpine:v3.21"},
		{"pkg:apk/wolfi/libcrypto3@3.3.2-r0?upstream=openssl", []string{"WOLFI-1"}, ""},
		// RPM: by the source package, by the binary package; the epoch counts.
		{"pkg:rpm/rocky/openssl-libs@3.0.7-26.el9?distro=rocky-9.3&epoch=1&upstream=openssl-3.0.7-26.el9.src.rpm", []string{"RLSA-1"}, ""},
		{"pkg:rpm/rocky/openssl-libs@3.0.7-27.el9?distro=rocky-9.3&epoch=1&upstream=openssl-3.0.7-27.el9.src.rpm", nil, ""},
		{"pkg:rpm/almalinux/openssl-libs@3.0.7-26.el9?distro=almalinux-9.4&epoch=1&upstream=openssl-3.0.7-26.el9.src.rpm", []string{"ALSA-1"}, ""},
		{"pkg:rpm/redhat/openssl-libs@3.0.7-27.el9?distro=rhel-9.4&epoch=1&upstream=openssl-3.0.7-27.el9.src.rpm", []string{"RHSA-2"}, ""},
		{"pkg:rpm/redhat/openssl-libs@3.0.7-26.el9?distro=rhel-9.4&epoch=1&upstream=openssl-3.0.7-26.el9.src.rpm", []string{"RHSA-1", "RHSA-2"}, ""},
		{"pkg:rpm/suse/openssl@3.0.8-150500.5.7.1?distro=sles-15.5", []string{"SUSE-1"}, ""},
		{"pkg:rpm/azurelinux/openssl@3.3.0-1.azl3?distro=azurelinux-3.0", []string{"AZL-1"}, ""},
		{"pkg:rpm/amzn/openssl@3.0.8-1.amzn2023.0.14?distro=amzn-2023&epoch=1", nil, "no feed for ecosystem Amazon Linux:2023"},
	}
	for _, test := range tests {
		r := match(t, db, distroComponent(test.purl))
		if diff := cmp.Diff(append([]string{}, test.want...), ids(r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.purl, diff)
		}
		switch {
		case test.reason == "" && r.Assessed != 1:
			t.Errorf("%s: not assessed: %+v", test.purl, r.NotAssessed)
		case test.reason != "" && (len(r.NotAssessed) != 1 || !strings.Contains(r.NotAssessed[0].Reason, test.reason)):
			t.Errorf("%s: %+v, want a reason with %q", test.purl, r.NotAssessed, test.reason)
		}
	}
}

// TestAmazonLinuxWithAFeed: where a feed for it is loaded, its packages are
// compared.
func TestAmazonLinuxWithAFeed(t *testing.T) {
	db := open(t, update(t, writeFeed(t, map[string]map[string]string{"Amazon Linux": {
		"a.json": fixedIn("ALAS-1", "Amazon Linux:2023", "openssl", "1:3.0.8-1.amzn2023.0.15"),
	}})))
	r := match(t, db,
		distroComponent("pkg:rpm/amzn/openssl-libs@3.0.8-1.amzn2023.0.14?distro=amzn-2023&epoch=1&upstream=openssl-3.0.8-1.amzn2023.0.14.src.rpm"),
		distroComponent("pkg:rpm/amzn/openssl-libs@3.0.8-1.amzn2023.0.15?distro=amzn-2023&epoch=1&upstream=openssl-3.0.8-1.amzn2023.0.15.src.rpm"),
		distroComponent("pkg:rpm/amzn/openssl@1.0.2k-24.amzn2?distro=amzn-2"))
	if len(r.Findings) != 1 || r.Findings[0].ID != "ALAS-1" || r.Assessed != 2 || len(r.NotAssessed) != 1 {
		t.Errorf("%+v", r)
	}
}
