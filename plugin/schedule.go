package plugin

// scheduleStep is how exactly a schedule keeps its times, in milliseconds: finer than anybody sees of a retry.
const scheduleStep = 100

// schedule holds names until they are due. Its owner guards it with a lock.
type schedule struct {
	steps map[int64][]string // by the number of the step from 1970 in which they are due
	next  int64              // the first step that was not taken yet
}

func newSchedule(now int64) *schedule {
	return &schedule{steps: map[int64][]string{}, next: now / scheduleStep}
}

// addDue holds a name until due, in Unix milliseconds; what is due already comes with the next step.
func addDue(s *schedule, name string, due int64) {
	step := due/scheduleStep + 1
	if step < s.next {
		step = s.next
	}
	s.steps[step] = append(s.steps[step], name)
}

// takeDue answers the names that are due at now, in Unix milliseconds, and holds them no longer.
func takeDue(s *schedule, now int64) []string {
	due := []string{}
	last := now / scheduleStep
	if last-s.next > int64(len(s.steps)) {
		// After a long sleep of the machine there are fewer names than steps to look at.
		for step := range s.steps {
			if step <= last {
				due = append(due, s.steps[step]...)
				delete(s.steps, step)
			}
		}
		s.next = last + 1
		return due
	}
	for ; s.next <= last; s.next++ {
		if names := s.steps[s.next]; names != nil {
			due = append(due, names...)
			delete(s.steps, s.next)
		}
	}
	return due
}
