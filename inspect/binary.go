package inspect

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"fmt"
)

// headLen is how much of a file is read to say what it is. The headers named
// below lie within, in what linkers write; what lies behind is not looked at.
const headLen = 4096

// The formats of native code.
const (
	FormatELF   = "ELF"
	FormatPE    = "PE"
	FormatMachO = "Mach-O"
	FormatWasm  = "WebAssembly"
)

// Binary is what the first bytes of a file of native code say about it.
type Binary struct {
	// Format is one of the Format constants.
	Format string

	// Archs are the machines it has code for, as providers name them:
	// "x86_64", "arm64". It is one except for universal Mach-O files. A
	// machine without a name here is given by its number.
	Archs []string

	// Program says that it can be started by itself, as far as the header
	// tells: position-independent programs count as one if they name an
	// interpreter.
	Program bool

	// Interpreter is the path of the dynamic loader an ELF program asks for;
	// hostile text. It tells glibc ("/lib64/ld-linux-x86-64.so.2") from musl
	// ("/lib/ld-musl-x86_64.so.1").
	Interpreter string

	// Go says that Go's linker made it.
	Go bool

	// Managed says that it is a .NET assembly: its machine is a formality.
	Managed bool
}

// sniff reads the beginning of a file as native code. It returns false for
// anything else. It never looks beyond head.
func sniff(head []byte) (Binary, bool) {
	switch {
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		return sniffELF(head)
	case bytes.HasPrefix(head, []byte("MZ")):
		return sniffPE(head)
	case bytes.HasPrefix(head, []byte("\x00asm")):
		return Binary{Format: FormatWasm, Archs: []string{"wasm"}}, len(head) >= 8
	}
	return sniffMachO(head)
}

// field reads a number of n bytes at offset, 0 where head ends before it.
func field(head []byte, order binary.ByteOrder, offset uint64, n int) uint64 {
	if offset > uint64(len(head)) || uint64(len(head))-offset < uint64(n) {
		return 0
	}
	b := head[offset:]
	switch n {
	case 2:
		return uint64(order.Uint16(b))
	case 4:
		return uint64(order.Uint32(b))
	}
	return order.Uint64(b)
}

// part returns head[offset:offset+n], nothing where head does not hold it.
func part(head []byte, offset, n uint64) []byte {
	if offset > uint64(len(head)) || n > uint64(len(head))-offset {
		return nil
	}
	return head[offset : offset+n]
}

var elfMachines = [...]struct {
	id   elf.Machine
	name string
}{
	{elf.EM_X86_64, "x86_64"}, {elf.EM_AARCH64, "arm64"}, {elf.EM_386, "x86"}, {elf.EM_ARM, "arm"},
	{elf.EM_RISCV, "riscv"}, {elf.EM_PPC64, "ppc64"}, {elf.EM_S390, "s390x"}, {elf.EM_MIPS, "mips"},
	{elf.EM_LOONGARCH, "loongarch"}, {elf.EM_BPF, "bpf"},
}

// sniffELF reads the header and the program headers (System V gABI, chapters
// 4 and 5).
func sniffELF(head []byte) (Binary, bool) {
	if len(head) < 0x34 {
		return Binary{}, false
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch elf.Data(head[elf.EI_DATA]) {
	case elf.ELFDATA2LSB:
	case elf.ELFDATA2MSB:
		order = binary.BigEndian
	default:
		return Binary{}, false
	}
	var wide bool
	switch elf.Class(head[elf.EI_CLASS]) {
	case elf.ELFCLASS32:
	case elf.ELFCLASS64:
		wide = true
	default:
		return Binary{}, false
	}
	b := Binary{Format: FormatELF}
	machine := elf.Machine(field(head, order, 0x12, 2))
	name := fmt.Sprintf("machine %d", uint16(machine))
	for _, m := range elfMachines {
		if m.id == machine {
			name = m.name
		}
	}
	b.Archs = []string{name}

	table, size, count := field(head, order, 0x1c, 4), field(head, order, 0x2a, 2), field(head, order, 0x2c, 2)
	if wide {
		table, size, count = field(head, order, 0x20, 8), field(head, order, 0x36, 2), field(head, order, 0x38, 2)
	}
	for i := uint64(0); i < count && size > 0; i++ {
		h := part(head, table+i*size, size)
		if h == nil {
			break
		}
		at, n := field(h, order, 0x04, 4), field(h, order, 0x10, 4)
		if wide {
			at, n = field(h, order, 0x08, 8), field(h, order, 0x20, 8)
		}
		switch elf.ProgType(field(h, order, 0, 4)) {
		case elf.PT_INTERP:
			path, _, _ := bytes.Cut(part(head, at, min(n, 256)), []byte{0})
			b.Interpreter = string(path)
		case elf.PT_NOTE:
			b.Go = b.Go || hasGoNote(part(head, at, n), order)
		}
	}
	b.Program = elf.Type(field(head, order, 0x10, 2)) == elf.ET_EXEC || b.Interpreter != ""
	return b, true
}

// hasGoNote looks for the build id of Go's linker (cmd/link: note type 4, name
// "Go").
func hasGoNote(notes []byte, order binary.ByteOrder) bool {
	for len(notes) >= 12 {
		name, desc, typ := field(notes, order, 0, 4), field(notes, order, 4, 4), field(notes, order, 8, 4)
		if typ == 4 && name == 4 && bytes.HasPrefix(notes[12:], []byte("Go\x00\x00")) {
			return true
		}
		next := 12 + (name+3)&^3 + (desc+3)&^3
		if next > uint64(len(notes)) {
			return false
		}
		notes = notes[next:]
	}
	return false
}

// sniffPE reads the headers of a Windows program or library and of a .NET
// assembly (PE Format, "COFF File Header" and "Optional Header").
func sniffPE(head []byte) (Binary, bool) {
	order := binary.LittleEndian
	at := field(head, order, 0x3c, 4)
	if len(head) < 0x40 || string(part(head, at, 4)) != "PE\x00\x00" || part(head, at, 24) == nil {
		return Binary{}, false
	}
	b := Binary{Format: FormatPE}
	machine := field(head, order, at+4, 2)
	switch machine {
	case pe.IMAGE_FILE_MACHINE_AMD64:
		b.Archs = []string{"x86_64"}
	case pe.IMAGE_FILE_MACHINE_ARM64:
		b.Archs = []string{"arm64"}
	case pe.IMAGE_FILE_MACHINE_I386:
		b.Archs = []string{"x86"}
	case pe.IMAGE_FILE_MACHINE_ARMNT:
		b.Archs = []string{"arm"}
	default:
		b.Archs = []string{fmt.Sprintf("machine 0x%x", machine)}
	}
	b.Program = field(head, order, at+22, 2)&pe.IMAGE_FILE_DLL == 0
	optional := at + 24
	directories := optional + 96
	if field(head, order, optional, 2) == 0x20b { // PE32+
		directories = optional + 112
	}
	// The address of the CLI header; the number of directories stands before
	// the first.
	if field(head, order, directories-4, 4) > pe.IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR {
		b.Managed = field(head, order, directories+8*pe.IMAGE_DIRECTORY_ENTRY_COM_DESCRIPTOR, 4) != 0
	}
	return b, true
}

// maxFat bounds the machines of one universal file. Java's class files begin
// with the same four bytes; what follows is then their version, 45 or more.
const maxFat = 30

// sniffMachO reads the header of a Mach-O file or the table of a universal one
// (mach-o/loader.h, mach-o/fat.h).
func sniffMachO(head []byte) (Binary, bool) {
	if len(head) < 28 {
		return Binary{}, false
	}
	b := Binary{Format: FormatMachO}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if magic := order.Uint32(head); magic == macho.Magic32 || magic == macho.Magic64 {
			b.Archs = []string{machoArch(order.Uint32(head[4:]))}
			b.Program = macho.Type(order.Uint32(head[12:])) == macho.TypeExec
			return b, true
		}
	}
	count := binary.BigEndian.Uint32(head[4:])
	if binary.BigEndian.Uint32(head) != macho.MagicFat || count == 0 || count > maxFat {
		return Binary{}, false
	}
	const entryLen = 20
	for i := range uint64(count) {
		entry := part(head, 8+i*entryLen, entryLen)
		if entry == nil {
			return Binary{}, false
		}
		b.Archs = append(b.Archs, machoArch(binary.BigEndian.Uint32(entry)))
	}
	return b, true
}

func machoArch(cpu uint32) string {
	switch macho.Cpu(cpu) {
	case macho.CpuAmd64:
		return "x86_64"
	case macho.CpuArm64:
		return "arm64"
	case macho.Cpu386:
		return "x86"
	case macho.CpuArm:
		return "arm"
	}
	return fmt.Sprintf("machine 0x%x", cpu)
}

// classMajor returns the major version of a Java class file: 52 for Java 8,
// and one more for each release (JVM specification, §4.1).
func classMajor(head []byte) (int, bool) {
	if len(head) < 8 || binary.BigEndian.Uint32(head) != 0xcafebabe {
		return 0, false
	}
	major := int(binary.BigEndian.Uint16(head[6:]))
	return major, major >= 45 && major < 200
}
