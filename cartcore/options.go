package cartcore

// OverlayOptions lays over onto base: a name in both takes over's value at base's place, new names follow.
func OverlayOptions(base, over []Option) []Option {
	merged := append([]Option{}, base...)
	for i := range over {
		at := -1
		for j := range merged {
			if merged[j].Name == over[i].Name {
				at = j
			}
		}
		if at >= 0 {
			merged[at] = over[i]
		} else {
			merged = append(merged, over[i])
		}
	}
	return merged
}
