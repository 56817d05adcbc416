package inspect

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// le and be write numbers one behind the other.
func le(values ...any) []byte { return encode(binary.LittleEndian, values) }
func be(values ...any) []byte { return encode(binary.BigEndian, values) }

func encode(order binary.ByteOrder, values []any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		if s, ok := v.(string); ok {
			b.WriteString(s)
		} else if err := binary.Write(&b, order, v); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

// elf64 is a little-endian ELF file with one program header of the type, whose
// content is given.
func elf64(typ elf.Type, machine elf.Machine, segment elf.ProgType, content string) []byte {
	head := elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1},
		Type:  uint16(typ), Machine: uint16(machine), Version: 1, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
	}
	prog := elf.Prog64{Type: uint32(segment), Off: 64 + 56, Filesz: uint64(len(content))}
	return le(head, prog, content)
}

func peFile(machine uint16, dll, managed bool) []byte {
	var characteristics uint16
	if dll {
		characteristics = pe.IMAGE_FILE_DLL
	}
	optional := pe.OptionalHeader64{Magic: 0x20b, NumberOfRvaAndSizes: 16}
	if managed {
		optional.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR] = pe.DataDirectory{VirtualAddress: 0x2008, Size: 72}
	}
	return le("MZ"+strings.Repeat("\x00", 0x3a), uint32(0x40), "PE\x00\x00",
		pe.FileHeader{Machine: machine, Characteristics: characteristics}, optional)
}

func TestSniff(t *testing.T) {
	const musl = "/lib/ld-musl-x86_64.so.1"
	goNote := string(le(uint32(4), uint32(8), uint32(4), "Go\x00\x00", "build-id"))
	otherNote := string(le(uint32(4), uint32(5), uint32(3), "GNU\x00", "12345\x00\x00\x00"))
	for name, c := range map[string]struct {
		head []byte
		want Binary
	}{
		"library":        {elf64(elf.ET_DYN, elf.EM_X86_64, elf.PT_LOAD, ""), Binary{Format: FormatELF, Archs: []string{"x86_64"}}},
		"program":        {elf64(elf.ET_EXEC, elf.EM_AARCH64, elf.PT_LOAD, ""), Binary{Format: FormatELF, Archs: []string{"arm64"}, Program: true}},
		"interpreter":    {elf64(elf.ET_DYN, elf.EM_X86_64, elf.PT_INTERP, musl+"\x00"), Binary{Format: FormatELF, Archs: []string{"x86_64"}, Program: true, Interpreter: musl}},
		"made by Go":     {elf64(elf.ET_EXEC, elf.EM_X86_64, elf.PT_NOTE, goNote), Binary{Format: FormatELF, Archs: []string{"x86_64"}, Program: true, Go: true}},
		"Go's last note": {elf64(elf.ET_EXEC, elf.EM_X86_64, elf.PT_NOTE, otherNote+goNote), Binary{Format: FormatELF, Archs: []string{"x86_64"}, Program: true, Go: true}},
		"other notes":    {elf64(elf.ET_EXEC, elf.EM_X86_64, elf.PT_NOTE, otherNote), Binary{Format: FormatELF, Archs: []string{"x86_64"}, Program: true}},
		"no name":        {elf64(elf.ET_DYN, 9999, elf.PT_LOAD, ""), Binary{Format: FormatELF, Archs: []string{"machine 9999"}}},
		"big-endian, 32 bits": {be(elf.Header32{
			Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS32), byte(elf.ELFDATA2MSB), 1},
			Type:  uint16(elf.ET_EXEC), Machine: uint16(elf.EM_MIPS),
		}), Binary{Format: FormatELF, Archs: []string{"mips"}, Program: true}},
		"Windows program":  {peFile(pe.IMAGE_FILE_MACHINE_AMD64, false, false), Binary{Format: FormatPE, Archs: []string{"x86_64"}, Program: true}},
		"Windows library":  {peFile(pe.IMAGE_FILE_MACHINE_ARM64, true, false), Binary{Format: FormatPE, Archs: []string{"arm64"}}},
		"assembly of .NET": {peFile(pe.IMAGE_FILE_MACHINE_I386, true, true), Binary{Format: FormatPE, Archs: []string{"x86"}, Managed: true}},
		"macOS program": {le(macho.FileHeader{Magic: macho.Magic64, Cpu: macho.CpuArm64, Type: macho.TypeExec}, uint32(0)),
			Binary{Format: FormatMachO, Archs: []string{"arm64"}, Program: true}},
		"macOS, big-endian": {be(macho.FileHeader{Magic: macho.Magic32, Cpu: macho.Cpu386, Type: macho.TypeDylib}),
			Binary{Format: FormatMachO, Archs: []string{"x86"}}},
		"universal": {be(uint32(macho.MagicFat), uint32(2),
			macho.FatArchHeader{Cpu: macho.CpuAmd64}, macho.FatArchHeader{Cpu: macho.CpuArm64}),
			Binary{Format: FormatMachO, Archs: []string{"x86_64", "arm64"}}},
		"WebAssembly": {[]byte("\x00asm\x01\x00\x00\x00"), Binary{Format: FormatWasm, Archs: []string{"wasm"}}},
	} {
		got, ok := sniff(c.head)
		if diff := cmp.Diff(c.want, got); !ok || diff != "" {
			t.Errorf("%s: %v\n%s", name, ok, diff)
		}
	}
}

// TestSniffOthers gives what only begins like native code.
func TestSniffOthers(t *testing.T) {
	for name, head := range map[string][]byte{
		"nothing":           nil,
		"text":              []byte("#!/bin/sh\necho this is a script of some length\n"),
		"ELF cut short":     []byte("\x7fELF\x02\x01\x01"),
		"ELF of no class":   append([]byte("\x7fELF\x09\x01"), make([]byte, 100)...),
		"DOS program":       append([]byte("MZ"), make([]byte, 100)...),
		"PE far away":       le("MZ"+strings.Repeat("\x00", 0x3a), uint32(0xfffffff0)),
		"Java class":        be(uint32(macho.MagicFat), uint16(0), uint16(61), strings.Repeat("\x00", 100)),
		"universal of none": be(uint32(macho.MagicFat), uint32(0), strings.Repeat("\x00", 100)),
		"universal, cut":    be(uint32(macho.MagicFat), uint32(20), strings.Repeat("\x00", 40)),
		"wasm, cut":         []byte("\x00asm"),
	} {
		if b, ok := sniff(head); ok {
			t.Errorf("%s is %+v", name, b)
		}
	}
}

// TestSniffThisProgram reads what Go's linker wrote on this machine.
func TestSniffThisProgram(t *testing.T) {
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head := make([]byte, headLen)
	if _, err := f.Read(head); err != nil {
		t.Fatal(err)
	}
	b, ok := sniff(head)
	arch := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	if !ok || !b.Program || arch != "" && !slices.Equal(b.Archs, []string{arch}) {
		t.Errorf("%v %+v on %s", ok, b, runtime.GOARCH)
	}
	if b.Format == FormatELF && !b.Go {
		t.Error("not seen to be made by Go")
	}
}

func TestClassMajor(t *testing.T) {
	for _, c := range []struct {
		head  []byte
		major int
		ok    bool
	}{
		{be(uint32(0xcafebabe), uint16(0), uint16(52)), 52, true},
		{be(uint32(0xcafebabe), uint16(0xffff), uint16(69)), 69, true}, // a preview
		{be(uint32(0xcafebabe), uint32(2)), 2, false},                  // a universal Mach-O
		{be(uint32(0xcafebabf), uint16(0), uint16(52)), 0, false},
		{nil, 0, false},
	} {
		if major, ok := classMajor(c.head); ok != c.ok || ok && major != c.major {
			t.Errorf("%x: %d %v", c.head, major, ok)
		}
	}
}

// FuzzSniff gives any bytes: what is found must lie in them, be small, and not
// depend on what is behind.
func FuzzSniff(f *testing.F) {
	f.Add(elf64(elf.ET_DYN, elf.EM_X86_64, elf.PT_INTERP, "/lib64/ld-linux-x86-64.so.2\x00"))
	f.Add(elf64(elf.ET_EXEC, elf.EM_X86_64, elf.PT_NOTE, string(le(uint32(4), uint32(0), uint32(4), "Go\x00\x00"))))
	f.Add(peFile(pe.IMAGE_FILE_MACHINE_AMD64, true, true))
	f.Add(be(uint32(macho.MagicFat), uint32(1), macho.FatArchHeader{Cpu: macho.CpuAmd64}))
	f.Add(le(macho.FileHeader{Magic: macho.Magic64, Cpu: macho.CpuArm64}, uint32(0)))
	f.Add([]byte("\x00asm\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, head []byte) {
		before := bytes.Clone(head)
		b, ok := sniff(head)
		if !bytes.Equal(before, head) {
			t.Fatal("the input was changed")
		}
		if _, class := classMajor(head); class && ok {
			t.Errorf("both native code and a Java class: %+v", b)
		}
		if !ok {
			return
		}
		if len(b.Archs) == 0 || len(b.Archs) > maxFat || b.Format == "" {
			t.Errorf("%+v", b)
		}
		if !bytes.Contains(head, []byte(b.Interpreter)) || len(b.Interpreter) > 256 || strings.ContainsRune(b.Interpreter, 0) {
			t.Errorf("interpreter %q is not in the input", b.Interpreter)
		}
		if longer, ok := sniff(append(before, 0xff, 0xff)); !ok || longer.Format != b.Format || !slices.Equal(longer.Archs, b.Archs) {
			t.Errorf("two bytes more make %+v of %+v", longer, b)
		}
	})
}
