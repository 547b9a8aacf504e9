// Package history is what one run of traffic saw: every request with its outcome, every response
// of every watch, and the store as it was at the end. It is all that the judge knows.
//
// Times are nanoseconds of one monotonic clock that starts with the run. A history is written as
// JSON, so that a run that failed can be judged again.
package history

import (
	"encoding/json"
	"os"
)

// KV is a key as it was at a revision.
type KV struct {
	Key     string `json:"key"`
	Value   string `json:"value,omitempty"`
	Create  int64  `json:"create,omitempty"`
	Mod     int64  `json:"mod"`
	Version int64  `json:"version,omitempty"`
	Lease   int64  `json:"lease,omitempty"`
}

// Kind is what a request does.
type Kind string

// Requests to the keys of a group. Each names keys of one group only, and each value is written by
// one request only.
const (
	Put    Kind = "put"    // Key, Value; Prev when PrevAsked
	Both   Kind = "both"   // Value to Key and Key2 in one transaction
	Delete Kind = "delete" // Key; Prev when it was there
	Swap   Kind = "swap"   // Value to Key if its mod revision is Compare; else reads it
	Remove Kind = "remove" // deletes Key if its mod revision is Compare; else reads it
	Get    Kind = "get"    // Key
	List   Kind = "list"   // the whole group
	Stale  Kind = "stale"  // the whole group, as one member knows it (serializable)
	Past   Kind = "past"   // the whole group as it was at revision At
)

// Writes tells whether a request of this kind can change the store.
func (k Kind) Writes() bool {
	switch k {
	case Put, Both, Delete, Swap, Remove:
		return true
	}
	return false
}

// Op is a request to the keys of a group and what came of it. Reads that failed are not kept.
type Op struct {
	Client  int    `json:"client"`
	Kind    Kind   `json:"kind"`
	Group   string `json:"group"` // a prefix that ends with a slash
	Key     string `json:"key,omitempty"`
	Key2    string `json:"key2,omitempty"`
	Value   string `json:"value,omitempty"`
	Compare int64  `json:"compare,omitempty"`
	At      int64  `json:"at,omitempty"`

	Start int64 `json:"start"`
	End   int64 `json:"end"`

	// Unknown: an error came back, so that it may have been carried out, or not, or will be.
	// Nothing below is set then.
	Unknown bool `json:"unknown,omitempty"`
	// Revision is that of the reply's header.
	Revision  int64 `json:"revision,omitempty"`
	Succeeded bool  `json:"succeeded,omitempty"` // of Swap and Remove
	Deleted   int64 `json:"deleted,omitempty"`   // of Delete
	PrevAsked bool  `json:"prevAsked,omitempty"`
	Prev      *KV   `json:"prev,omitempty"`
	KVs       []KV  `json:"kvs,omitempty"`
}

// LeaseKind is what a request does to a lease.
type LeaseKind string

// Requests about leases.
const (
	Grant  LeaseKind = "grant"  // TTL in seconds, as granted
	Attach LeaseKind = "attach" // puts Key
	Renew  LeaseKind = "renew"  // TTL in seconds, as granted; 0: the lease is gone
	Revoke LeaseKind = "revoke"
)

// LeaseOp is a request about a lease, and what came of it.
type LeaseOp struct {
	Client   int       `json:"client"`
	Kind     LeaseKind `json:"kind"`
	Lease    int64     `json:"lease"`
	Key      string    `json:"key,omitempty"`
	Value    string    `json:"value,omitempty"`
	Start    int64     `json:"start"`
	End      int64     `json:"end"`
	Unknown  bool      `json:"unknown,omitempty"`
	Gone     bool      `json:"gone,omitempty"` // the reply was that there is no such lease
	TTL      int64     `json:"ttl,omitempty"`
	Revision int64     `json:"revision,omitempty"`
}

// Event is one change of one key. That of a deletion has only Key and Mod.
type Event struct {
	KV     KV   `json:"kv"`
	Delete bool `json:"delete,omitempty"`
	Prev   *KV  `json:"prev,omitempty"`
}

// Response is what a watch got at once.
type Response struct {
	At       int64   `json:"at"`
	Revision int64   `json:"revision"` // of the header
	Progress bool    `json:"progress,omitempty"`
	Events   []Event `json:"events,omitempty"`
}

// Watch is one watch from its start to its end.
type Watch struct {
	Name     string     `json:"name"`
	Prefix   string     `json:"prefix"`
	Start    int64      `json:"start"` // the first revision that is wanted
	Prev     bool       `json:"prev,omitempty"`
	NoPut    bool       `json:"noPut,omitempty"`
	NoDelete bool       `json:"noDelete,omitempty"`
	Got      []Response `json:"got,omitempty"`
	// Compacted is set when the store said that the start was compacted.
	Compacted int64 `json:"compacted,omitempty"`
	// Stuck: the watch was told to the end of the run that nothing is new, or nothing at all,
	// while Want was there to be told.
	Stuck bool  `json:"stuck,omitempty"`
	Want  int64 `json:"want,omitempty"`
}

// Final is what one member said at the end: all events from revision 1 on, up to Revision.
type Final struct {
	Endpoint  string  `json:"endpoint"`
	Revision  int64   `json:"revision"`
	Events    []Event `json:"events"`
	Hash      uint32  `json:"hash"` // of all keys at Revision
	Compacted int64   `json:"compacted"`
}

// Mark is a note in the margin, such as which fault was under way.
type Mark struct {
	At   int64  `json:"at"`
	Text string `json:"text"`
}

// History is a whole run.
type History struct {
	Ops     []Op      `json:"ops"`
	Leases  []LeaseOp `json:"leases"`
	Watches []Watch   `json:"watches"`
	Finals  []Final   `json:"finals"`
	Marks   []Mark    `json:"marks"`
	// Errors are failed requests that nobody may see, where none may fail.
	Errors []Mark `json:"errors,omitempty"`
}

// Write puts a history into a file.
func (h *History) Write(path string) error {
	data, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// Read takes a history from a file.
func Read(path string) (*History, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	h := &History{}
	return h, json.Unmarshal(data, h)
}

// Keys of groups begin with GroupPrefix and end in a number below GroupKeys; those that are
// attached to leases begin with LeasePrefix.
const (
	GroupPrefix = "kv/"
	GroupKeys   = 4
	LeasePrefix = "lease/"
)
