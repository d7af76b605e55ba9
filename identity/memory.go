package identity

// remembered is what is known of a token or a session.
type remembered struct {
	Customer      string // empty: a guest
	PhoneVerified bool
	Unknown       bool  // the session lookup does not know the session
	Until         int64 // Unix milliseconds from which it is no longer known
}

// memoryHalf bounds each half of a memory. Two halves of 2048 entries of some 200 bytes stay under 1 MB a tenant.
const memoryHalf = 2048

// memory keeps the last answers by name, at most two halves of them: a full half becomes the older one, and the older
// one before it is dropped. An entry that is asked for moves to the newer half. That keeps what is in use as a list in
// order of use would, for one map lookup where the list needs several calls. Whoever holds a memory locks it.
type memory struct {
	newer map[string]remembered
	older map[string]remembered
}

// newMemory makes an empty memory.
func newMemory() *memory {
	return &memory{newer: map[string]remembered{}, older: map[string]remembered{}}
}

// recall answers what is known of name at now, and whether anything is.
func recall(m *memory, name string, now int64) (remembered, bool) {
	found, ok := m.newer[name]
	if ok {
		return found, now < found.Until
	}
	found, ok = m.older[name]
	if !ok || now >= found.Until {
		return remembered{}, false
	}
	remember(m, name, found)
	return found, true
}

// remember keeps what is known of name.
func remember(m *memory, name string, what remembered) {
	if len(m.newer) >= memoryHalf {
		m.older = m.newer
		m.newer = map[string]remembered{}
	}
	m.newer[name] = what
}
