package main

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/go-viper/mapstructure/v2"

	"github.com/polycart/polycart/plugin"
)

// decoded is a plugin configuration read as Traefik reads it, with the lines of its keys.
type decoded struct {
	config *plugin.Config
	lines  map[string]int // by key path in lower case, such as "tenants[0].catalog.file"
	faults []fault
	spoilt []string // key paths whose value could not be taken; what plugin.Validate says of them is not news
}

// decode reads the configuration of one middleware over the plugin's defaults. Keys that the plugin does not know, which
// Traefik ignores without a word, and values of the wrong type are faults; the rest is taken.
func decode(from *value) *decoded {
	d := &decoded{config: plugin.CreateConfig(), lines: map[string]int{"": from.line}}
	taken := d.take(from, reflect.TypeFor[plugin.Config](), "")
	if taken != nil {
		if err := weakly(taken, d.config); err != nil {
			d.fault(from.line, err.Error())
		}
	}
	return d
}

// weakly decodes as Traefik does (pkg/plugins/middlewareyaegi.go, createConfig).
func weakly(from, into any) error {
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		DecodeHook: mapstructure.StringToSliceHookFunc(","), WeaklyTypedInput: true, Result: into,
	})
	if err != nil {
		return err
	}
	return decoder.Decode(from)
}

func (d *decoded) fault(line int, text string) { d.faults = append(d.faults, fault{line, text}) }

// take answers what of v fits a value of type want, nil where nothing does, and lists what does not fit.
func (d *decoded) take(v *value, want reflect.Type, path string) any {
	d.lines[strings.ToLower(path)] = v.line
	switch {
	case v.kind == kindNull:
		return nil // Traefik leaves such a key out
	case v.kind == kindTable && want.Kind() == reflect.Struct:
		return d.takeStruct(v, want, path)
	case v.kind == kindTable && want.Kind() == reflect.Map:
		taken := map[string]any{}
		for _, entry := range v.entries {
			if child := d.take(entry.value, want.Elem(), join(path, entry.key)); child != nil {
				taken[entry.key] = child
			}
			d.lines[strings.ToLower(join(path, entry.key))] = entry.line
		}
		return taken
	case v.kind == kindTable && want.Kind() == reflect.Slice && want.Elem().Kind() == reflect.Struct && len(v.entries) > 0:
		// Traefik takes a table where a list is wanted for a list of one.
		return d.take(&value{line: v.line, kind: kindList, items: []*value{v}}, want, path)
	case v.kind == kindList && want.Kind() == reflect.Slice:
		taken := []any{}
		for i, item := range v.items {
			child := d.take(item, want.Elem(), path+"["+strconv.Itoa(i)+"]")
			if child == nil {
				// Its place must stay, or the faults of those behind it would name the wrong ones.
				child = reflect.Zero(want.Elem()).Interface()
			}
			taken = append(taken, child)
		}
		return taken
	case v.kind == kindScalar && weakly(v.text, reflect.New(want).Interface()) == nil:
		return v.text
	}
	name := path
	if name == "" {
		name = "the plugin's configuration"
	}
	d.fault(v.line, name+": it must be "+wanted(want)+", not "+v.words())
	d.spoilt = append(d.spoilt, strings.ToLower(path))
	return nil
}

func (d *decoded) takeStruct(v *value, want reflect.Type, path string) any {
	taken := map[string]any{}
	for _, entry := range v.entries {
		field, known := want.FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, entry.key) })
		if !known {
			d.fault(entry.line, unknownKey(join(path, entry.key), entry.key, want))
			continue
		}
		key := keyName(field)
		if _, twice := taken[key]; twice {
			d.fault(entry.line, join(path, entry.key)+": the key stands here twice; Traefik does not heed upper and lower case")
			continue
		}
		if child := d.take(entry.value, field.Type, join(path, key)); child != nil {
			taken[key] = child
		}
		d.lines[strings.ToLower(join(path, key))] = entry.line
	}
	return taken
}

// unknownKey says that there is no such key, and which one may be meant.
func unknownKey(path, key string, within reflect.Type) string {
	text := path + ": there is no such key; Traefik would ignore it"
	names := []string{}
	for _, field := range reflect.VisibleFields(within) {
		names = append(names, keyName(field))
	}
	if near := nearest(key, names); near != "" {
		return text + ". Did you mean " + near + "?"
	}
	return text + ". Allowed are " + strings.Join(names, ", ")
}

// keyName is how a field is called in a configuration file.
func keyName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	if name == "" {
		return field.Name
	}
	return name
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// wanted says what a type takes, for people.
func wanted(want reflect.Type) string {
	switch want.Kind() {
	case reflect.Struct, reflect.Map:
		return "a table of keys"
	case reflect.Slice:
		return "a list"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	}
	return "text"
}

// line answers the line of a key path, or of the nearest key above it that is in the file.
func (d *decoded) line(path string) int {
	path = strings.ToLower(path)
	for {
		if line, known := d.lines[path]; known {
			return line
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
}

// isSpoilt tells whether path, or a key above or below it, could not be taken.
func (d *decoded) isSpoilt(path string) bool {
	path = strings.ToLower(path)
	for _, spoilt := range d.spoilt {
		if path == spoilt || strings.HasPrefix(path, spoilt+".") || strings.HasPrefix(path, spoilt+"[") || spoilt == "" {
			return true
		}
		if strings.HasPrefix(spoilt, path+".") || strings.HasPrefix(spoilt, path+"[") {
			return true
		}
	}
	return false
}

// nearest answers the name that key may be a slip of the pen for, or nothing.
func nearest(key string, names []string) string {
	best, least := "", 3 // two wrong letters at most
	for _, name := range names {
		distance := editDistance(strings.ToLower(key), strings.ToLower(name))
		// Half a short word is another word.
		if distance < least && distance*2 < len(name) {
			best, least = name, distance
		}
	}
	if best != "" {
		return best
	}
	for _, name := range names {
		if low, lower := strings.ToLower(key), strings.ToLower(name); len(low) > 2 && (strings.HasPrefix(lower, low) || strings.HasPrefix(low, lower)) {
			return name
		}
	}
	return ""
}

// editDistance counts the letters to put in, take out or replace to make b of a, and neighbours that changed places.
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
