// Package pathcases is what every edition of jsonpath promises, and the interpreter too: what stands at a path, what a change
// makes, and which paths are refused.
package pathcases

// Order is the document of Gets.
const Order = `{"id":1,"price":110.00,"big":9007199254740993123,"a.b":{"c":true},"0":"zero","-1":"last","":2,"nothing":null,` +
	`"lines":[{"sku":"A","n":[1,2]},{"sku":"B"},"text {\"sku\":1}",[],{"sku":5}],"none":[],"größe":"\u00e9","@this":7,"{x}":8}`

// Gets are paths in Order and what stands there; an empty Want is nothing.
var Gets = []struct{ Path, Want string }{
	{"id", "1"},
	{"price", "110.00"},
	{"big", "9007199254740993123"},
	{`a\.b.c`, "true"},
	{"a.b", ""},
	{"0", `"zero"`},
	{"-1", `"last"`},
	{"nothing", "null"},
	{"nothing.x", ""},
	{"größe", `"\u00e9"`},
	{`\@this`, "7"},
	{`\{x\}`, "8"},
	{"ID", ""},
	{"lines.0.sku", `"A"`},
	{"lines.00.sku", `"A"`},
	{`lines.\0.sku`, `"A"`},
	{"lines.9", ""},
	{"lines.-1", ""},
	{"lines.sku", ""},
	{"lines.2.sku", ""},
	{"lines.#", "5"},
	{"none.#", "0"},
	{"id.#", ""},
	{"lines.#.sku", `["A","B",5]`},
	{"lines.#.n.1", `[2]`},
	{"none.#.sku", `[]`},
	{"id.#.sku", ""},
	{`lines.#(sku=="B")`, `{"sku":"B"}`},
	{`lines.#(sku=="A").n.0`, "1"},
	{`lines.#(sku=="B").n.0`, ""},
	{`lines.#(sku=="5")`, ""},
	{`lines.#(sku=="C")`, ""},
	{`lines.#(sku=="A")#`, `[{"sku":"A","n":[1,2]}]`},
	{`lines.#(sku=="A")#.n`, `[[1,2]]`},
	{`lines.#(sku=="C")#`, `[]`},
}

// Changes are what a document becomes where "v" is set at a path and where what stands there is taken away; an empty Set is
// a refusal.
var Changes = []struct{ Document, Path, Set, Removed string }{
	{`{"a":1.50,"b":2}`, "a", `{"a":"v","b":2}`, `{"b":2}`},
	{`{"a":1.50,"b":2}`, "b", `{"a":1.50,"b":"v"}`, `{"a":1.50}`},
	{`{"a":1}`, "a", `{"a":"v"}`, `{}`},
	{`{}`, "a", `{"a":"v"}`, `{}`},
	{`{"a":{}}`, "a.b.c", `{"a":{"b":{"c":"v"}}}`, `{"a":{}}`},
	{`{"a":1}`, "b.c", `{"a":1,"b":{"c":"v"}}`, `{"a":1}`},
	{`{"a":null}`, "a.b", "", `{"a":null}`},
	{`{"a":"{"}`, "a.b", "", `{"a":"{"}`},
	{`{"a":[1,2,3]}`, "a.1", `{"a":[1,"v",3]}`, `{"a":[1,3]}`},
	{`{"a":[1,2,3]}`, "a.0", `{"a":["v",2,3]}`, `{"a":[2,3]}`},
	{`{"a":[1]}`, "a.0", `{"a":["v"]}`, `{"a":[]}`},
	{`{"a":[1]}`, "a.3", `{"a":[1,null,null,"v"]}`, `{"a":[1]}`},
	{`{"a":[]}`, "a.2", `{"a":[null,null,"v"]}`, `{"a":[]}`},
	{`{"a":[1]}`, "a.-1", `{"a":[1,"v"]}`, `{"a":[1]}`},
	{`{"a":[1]}`, "a.-1.b", `{"a":[1,{"b":"v"}]}`, `{"a":[1]}`},
	{`{"a":[1]}`, "a.b", "", `{"a":[1]}`},
	{`{"a":[1]}`, "a.:1", "", `{"a":[1]}`},
	{`{"a":[1]}`, "a.:0", `{"a":["v"]}`, `{"a":[]}`},
	{`{}`, "a.1", `{"a":[null,"v"]}`, `{}`},
	{`{}`, "a.:1", `{"a":{"1":"v"}}`, `{}`},
	{`{}`, "a.-1", `{"a":["v"]}`, `{}`},
	{`{}`, "1", `{"1":"v"}`, `{}`},
	{`{"#":3,"-1":0}`, "-1", `{"#":3,"-1":"v"}`, `{"#":3}`},
	{`{"a.b":1}`, `a\.b`, `{"a.b":"v"}`, `{}`},
	{`{}`, `a\.b.\\.\:c`, `{"a.b":{"\\":{":c":"v"}}}`, `{}`},
	{`{}`, `größe`, `{"größe":"v"}`, `{}`},
	{`{}`, `a\<é`, `{"a\u003cé":"v"}`, `{}`},
	{`[1]`, "-1", `[1,"v"]`, `[1]`},
	{`[[1,[2]]]`, "0.1.0", `[[1,["v"]]]`, `[[1,[]]]`},
	{`{"\u0061":1,"x":"a"}`, "a", `{"\u0061":"v","x":"a"}`, `{"x":"a"}`},
}

// NoPaths are refused where something is looked up, NoTargets where it is changed.
var (
	NoPaths = []string{
		"", ".", "a.", ".a", "a..b", "a*", "a?", "a|b", "@this", "!a", "{a}", "[0]", "a(b)", "a=b", "a%b", `"a"`, "a<b", "a\n", `a\`,
		"1234567890", "a#", "#x", "#[a==1]", `#(a="b")`, `#(a==1)`, `#(a=="b"`, `#(a=="b").`, `#(a=="\"")`, `#(a=="~true")`, `#( a=="b")`, `#(a=="b")x`, `#(#.a=="b")`, "#.#", "a.#.b.#.c", `#(a=="b")#.#`,
		"\xc5",
	}
	NoTargets = []string{"", ".", "a.", "a*", "a|b", "@this", "#", "a.#.b", ":", "a.:", `\"a`, "10000", "a.99999", `a\`, "\xc5"}
)
