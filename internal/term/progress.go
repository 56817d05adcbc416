package term

import (
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Progress shows how long work goes on, in one line that is redrawn. Where no
// person watches it shows nothing. It is safe for concurrent use.
type Progress struct {
	w io.Writer // nil to show nothing

	mu    sync.Mutex
	bar   *progressbar.ProgressBar
	stage string
}

// NewProgress shows progress on w, the stream s, unless nobody would see it.
func NewProgress(w io.Writer, s Stream) *Progress {
	if !s.Interactive {
		return &Progress{}
	}
	return &Progress{w: w}
}

// Bytes shows that done of total bytes of a stage are through; a total of 0 or
// less is unknown. A new stage begins a new line.
func (p *Progress) Bytes(stage string, done, total int64) { p.show(stage, done, total, true) }

// Count is Bytes for things other than bytes.
func (p *Progress) Count(stage string, done, total int64) { p.show(stage, done, total, false) }

func (p *Progress) show(stage string, done, total int64, bytes bool) {
	if p.w == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar == nil || p.stage != stage {
		p.end()
		p.stage = stage
		if total <= 0 {
			total = -1
		}
		p.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionSetDescription("fnseal: "+Clean(stage)),
			progressbar.OptionShowBytes(bytes),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(20),
		)
	}
	_ = p.bar.Set64(done) // a bar that cannot be drawn stops nothing
}

// Done removes the line.
func (p *Progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}

func (p *Progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
		p.bar = nil
	}
}
