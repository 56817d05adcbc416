package catalog

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A reader of one table of a SQLite file (the "Database File Format" of its
// documentation), for RPM's database, whose tables have a number and a blob in
// a row.

var errSQLite = errors.New("not a readable SQLite database")

const (
	sqliteMagic    = "SQLite format 3\x00"
	sqliteInterior = 0x05
	sqliteLeaf     = 0x0d
)

// sqlite is a database in memory.
type sqlite struct {
	content  []byte
	pageSize int
	usable   int // bytes of a page less what extensions reserve
	visited  map[uint32]bool
}

// sqliteBlobs returns the second column of a table's rows.
func sqliteBlobs(content []byte, table string) ([][]byte, error) {
	if len(content) < 100 || string(content[:len(sqliteMagic)]) != sqliteMagic {
		return nil, errSQLite
	}
	db := &sqlite{content: content, pageSize: int(binary.BigEndian.Uint16(content[16:]))}
	if db.pageSize == 1 {
		db.pageSize = 1 << 16
	}
	db.usable = db.pageSize - int(content[20])
	if db.pageSize < 512 || db.pageSize&(db.pageSize-1) != 0 || db.usable < 480 {
		return nil, errSQLite
	}
	root := uint32(0)
	err := db.rows(1, func(columns []sqliteValue) {
		// type, name, tbl_name, rootpage, sql
		if len(columns) > 3 && string(columns[0].bytes) == "table" && string(columns[1].bytes) == table {
			root = uint32(columns[3].integer)
		}
	})
	if err != nil {
		return nil, err
	}
	if root == 0 {
		return nil, fmt.Errorf("%w: it has no table %s", errSQLite, table)
	}
	var out [][]byte
	err = db.rows(root, func(columns []sqliteValue) {
		if len(columns) > 1 {
			out = append(out, columns[1].bytes)
		}
	})
	return out, err
}

// sqliteValue is one column of a row.
type sqliteValue struct {
	integer int64
	bytes   []byte // text or blob
}

// rows walks the table whose root is a page.
func (db *sqlite) rows(root uint32, row func([]sqliteValue)) error {
	db.visited = map[uint32]bool{}
	return db.walk(root, row)
}

func (db *sqlite) page(n uint32) ([]byte, error) {
	end := int64(n) * int64(db.pageSize)
	if n == 0 || end > int64(len(db.content)) {
		return nil, errSQLite
	}
	return db.content[end-int64(db.pageSize) : end][:db.usable], nil
}

func (db *sqlite) walk(n uint32, row func([]sqliteValue)) error {
	if db.visited[n] {
		return errSQLite // each page of a tree has one parent
	}
	db.visited[n] = true
	page, err := db.page(n)
	if err != nil {
		return err
	}
	head := 0
	if n == 1 {
		head = 100 // the file's header
	}
	kind, cells := page[head], int(binary.BigEndian.Uint16(page[head+3:]))
	pointers := head + 8
	if kind == sqliteInterior {
		pointers = head + 12
	}
	if kind != sqliteInterior && kind != sqliteLeaf || pointers+2*cells > len(page) {
		return errSQLite
	}
	for i := range cells {
		at := int(binary.BigEndian.Uint16(page[pointers+2*i:]))
		if at+4 > len(page) {
			return errSQLite
		}
		if kind == sqliteInterior {
			if err := db.walk(binary.BigEndian.Uint32(page[at:]), row); err != nil {
				return err
			}
			continue
		}
		record, err := db.payload(page[at:])
		if err != nil {
			return err
		}
		columns, err := sqliteRecord(record)
		if err != nil {
			return err
		}
		row(columns)
	}
	if kind == sqliteInterior {
		return db.walk(binary.BigEndian.Uint32(page[head+8:]), row)
	}
	return nil
}

// payload returns a leaf cell's record, with what of it lies on overflow pages.
func (db *sqlite) payload(cell []byte) ([]byte, error) {
	size, n := sqliteVarint(cell)
	_, m := sqliteVarint(cell[n:])
	if n == 0 || m == 0 || size < 0 || size > int64(len(db.content)) {
		return nil, errSQLite
	}
	cell = cell[n+m:]
	if size <= int64(db.usable-35) {
		if size > int64(len(cell)) {
			return nil, errSQLite
		}
		return cell[:size], nil
	}
	least := int64(db.usable-12)*32/255 - 23
	local := least + (size-least)%int64(db.usable-4)
	if local > int64(db.usable-35) {
		local = least
	}
	if local+4 > int64(len(cell)) {
		return nil, errSQLite
	}
	record := append(make([]byte, 0, size), cell[:local]...)
	next := binary.BigEndian.Uint32(cell[local:])
	for int64(len(record)) < size {
		page, err := db.page(next)
		if err != nil {
			return nil, err
		}
		next = binary.BigEndian.Uint32(page)
		record = append(record, page[4:][:min(size-int64(len(record)), int64(len(page)-4))]...)
	}
	return record, nil
}

// sqliteRecord splits a record into its columns.
func sqliteRecord(record []byte) ([]sqliteValue, error) {
	size, n := sqliteVarint(record)
	if n == 0 || size < int64(n) || size > int64(len(record)) {
		return nil, errSQLite
	}
	types, body := record[n:size], record[size:]
	var columns []sqliteValue
	for len(types) > 0 {
		typ, n := sqliteVarint(types)
		if n == 0 {
			return nil, errSQLite
		}
		types = types[n:]
		var v sqliteValue
		length := int64(0)
		switch {
		case typ >= 12:
			length = (typ - 12) / 2
		case typ >= 1 && typ <= 6:
			length = []int64{0, 1, 2, 3, 4, 6, 8}[typ]
		case typ == 7:
			length = 8
		case typ == 9:
			v.integer = 1
		}
		if length < 0 || length > int64(len(body)) {
			return nil, errSQLite
		}
		if typ >= 12 {
			v.bytes = body[:length]
		} else if typ >= 1 && typ <= 6 {
			v.integer = int64(int8(body[0]))
			for _, b := range body[1:length] {
				v.integer = v.integer<<8 | int64(b)
			}
		}
		body = body[length:]
		columns = append(columns, v)
	}
	return columns, nil
}

// sqliteVarint returns a number and how many bytes it takes, 0 if it has no
// end.
func sqliteVarint(b []byte) (value int64, n int) {
	for n < len(b) && n < 8 {
		value = value<<7 | int64(b[n]&0x7f)
		n++
		if b[n-1] < 0x80 {
			return value, n
		}
	}
	if n == 8 && len(b) > 8 {
		return value<<8 | int64(b[8]), 9
	}
	return 0, 0
}
