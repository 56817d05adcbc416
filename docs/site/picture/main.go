// Command picture draws what a terminal showed as an SVG.
//
//	script -qec COMMAND /dev/null | go run ./picture > picture.svg
//
// It knows the few colours that fnseal uses and nothing else of terminals.
package main

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	advance = 8.4 // width of a character
	line    = 19  // height of a line
	margin  = 20
	columns = 120
)

var colour = regexp.MustCompile("\x1b\\[([0-9;]*)m")

func main() {
	if err := draw(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func draw(r io.Reader, w io.Writer) error {
	var lines []string
	in := bufio.NewScanner(r)
	for in.Scan() {
		lines = append(lines, fold(strings.TrimRight(in.Text(), "\r"))...)
	}
	if err := in.Err(); err != nil {
		return err
	}
	width, height := columns*advance+2*margin, float64(len(lines)*line+2*margin+24)
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
<rect width="100%%" height="100%%" rx="10" fill="#14181e"/>
<g><circle cx="20" cy="18" r="6" fill="#ff5f57"/><circle cx="40" cy="18" r="6" fill="#febc2e"/><circle cx="60" cy="18" r="6" fill="#28c840"/></g>
<g fill="#e4e9f0">
`, width, height)
	for i, text := range lines {
		fmt.Fprintf(out, `<text x="%d" y="%d">%s</text>`+"\n", margin, margin+38+i*line, spans(text))
	}
	fmt.Fprintln(out, "</g>\n</svg>")
	return out.Flush()
}

// fold breaks a line as a terminal of so many columns does. Colours do not span
// lines.
func fold(s string) []string {
	var out []string
	for utf8.RuneCountInString(colour.ReplaceAllString(s, "")) > columns {
		runes := []rune(s)
		n := columns + len(s) - len(colour.ReplaceAllString(s, ""))
		out = append(out, string(runes[:min(n, len(runes))]))
		s = string(runes[min(n, len(runes)):])
	}
	return append(out, s)
}

// spans turns colours into those of the picture.
func spans(s string) string {
	var b strings.Builder
	fill := ""
	put := func(text string) {
		switch {
		case text == "":
		case fill == "":
			b.WriteString(html.EscapeString(text))
		default:
			fmt.Fprintf(&b, `<tspan fill="%s">%s</tspan>`, fill, html.EscapeString(text))
		}
	}
	if strings.HasPrefix(s, "$ ") {
		fill = "#7db2ff"
	}
	at := 0
	for _, m := range colour.FindAllStringSubmatchIndex(s, -1) {
		put(s[at:m[0]])
		at = m[1]
		switch code := s[m[2]:m[3]]; {
		case strings.HasPrefix(code, "32"):
			fill = "#4ec97b"
		case strings.HasPrefix(code, "31"):
			fill = "#ff6b6b"
		case strings.HasPrefix(code, "33"):
			fill = "#e5c07b"
		default:
			fill = ""
		}
	}
	put(s[at:])
	// Viewers differ in whether they keep several spaces.
	return strings.ReplaceAll(b.String(), "  ", "\u00a0\u00a0")
}
