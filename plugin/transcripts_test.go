package plugin_test

import (
	"path/filepath"
	"testing"

	"github.com/go-viper/mapstructure/v2"

	"github.com/polycart/polycart/internal/redistest"
	"github.com/polycart/polycart/internal/transcript"
	"github.com/polycart/polycart/plugin"
)

// Every transcript holds natively. The integration module replays the same ones in the interpreter and in a real Traefik.
func TestTranscripts(t *testing.T) {
	eachScript(t, func(t *testing.T, script transcript.Script) {
		t.Parallel()
		replay(t, script, transcript.NewFixture(t, "..", script))
	})
}

// What a client sees does not depend on where the carts are.
func TestTranscriptsOverRedis(t *testing.T) {
	server := redistest.Start(t)
	eachScript(t, func(t *testing.T, script transcript.Script) {
		fixture := transcript.NewFixture(t, "..", script)
		fixture.KeepInRedis(server.Address)
		replay(t, script, fixture)
	})
}

// What a client sees does not depend on whether the catalogue is a file or a service.
func TestTranscriptsOverACatalogueService(t *testing.T) {
	eachScript(t, func(t *testing.T, script transcript.Script) {
		t.Parallel()
		fixture := transcript.NewFixture(t, "..", script)
		fixture.SellOverHTTP(t, nil)
		replay(t, script, fixture)
	})
}

// eachScript runs a test for every transcript.
func eachScript(t *testing.T, run func(t *testing.T, script transcript.Script)) {
	t.Helper()
	scripts, err := transcript.Load(filepath.Join("..", "testdata", "transcripts"))
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		t.Run(script.Name, func(t *testing.T) { run(t, script) })
	}
}

// replay replays a transcript natively.
func replay(t *testing.T, script transcript.Script, fixture *transcript.Fixture) {
	t.Helper()
	handler, err := plugin.New(t.Context(), transcript.Upstream(), decoded(t, fixture.Config), script.Name)
	if err != nil {
		t.Fatal(err)
	}
	transcript.Run(t, script, fixture, transcript.Handler(handler))
}

// decoded reads a configuration as Traefik does (pkg/plugins/middlewareyaegi.go, createConfig).
func decoded(t testing.TB, from map[string]any) *plugin.Config {
	t.Helper()
	config := plugin.CreateConfig()
	decoder, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		DecodeHook: mapstructure.StringToSliceHookFunc(","), WeaklyTypedInput: true, Result: config,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := decoder.Decode(from); err != nil {
		t.Fatal(err)
	}
	return config
}
