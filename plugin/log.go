package plugin

import (
	"context"
	"log/slog"
	"os"

	"github.com/polycart/polycart/cartcore"
)

// newLog makes the logger of a middleware: JSON lines on standard output, which Traefik passes through as they are.
func newLog(level, name string) *slog.Logger {
	levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
	handler := slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{Level: levels[level]})
	return slog.New(handler).With("plugin", "polycart", "middleware", name)
}

// editionSaid tells that the log has the edition; under registryLock.
var editionSaid bool

// sayEdition writes the edition once in the life of Traefik, before anything else, so that a log tells which one it is of.
func sayEdition(log *slog.Logger) {
	if !editionSaid {
		editionSaid = true
		log.LogAttrs(context.Background(), slog.LevelInfo, "polycart starts", slog.String("edition", edition))
	}
}

// logRefused writes one line for a refused or failed request. It holds nothing that a client sent but the names of items
// and fields: values can be tokens.
func logRefused(d *desk, status int, problem *cartcore.Error) {
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelError
	}
	fields := ""
	for i := range problem.Fields {
		fields += problem.Fields[i].Field + " "
	}
	cause := ""
	if problem.Cause != nil {
		cause = problem.Cause.Error()
	}
	d.Engine.Log.LogAttrs(context.Background(), level, "request refused",
		slog.String("dialect", d.Adapter.Name), slog.String("does", d.Route.Does), slog.Int("status", status),
		slog.String("kind", cartcore.KindName(problem.Kind)), slog.String("item", problem.Item), slog.String("fields", fields), slog.String("cause", cause))
}

// logCut writes one line for each item of which less was granted than was asked for, or which is no longer sold, and one
// for each entry of a request in bulk that was refused.
func logCut(d *desk, outcome *cartcore.Outcome) {
	for i := range outcome.Results {
		result := outcome.Results[i]
		if result.Err != nil {
			d.Engine.Log.LogAttrs(context.Background(), slog.LevelInfo, "entry refused",
				slog.String("dialect", d.Adapter.Name), slog.String("does", d.Route.Does), slog.Int("entry", i),
				slog.String("kind", cartcore.KindName(result.Err.Kind)), slog.String("item", result.Err.Item))
		} else if result.Why != cartcore.WhyPlain && result.Why != cartcore.WhyRemoved {
			d.Engine.Log.LogAttrs(context.Background(), slog.LevelInfo, "quantity cut",
				slog.String("dialect", d.Adapter.Name), slog.String("does", d.Route.Does), slog.String("why", cartcore.WhyName(result.Why)),
				slog.String("item", result.Ask.Named), slog.Int64("requested", result.Requested), slog.Int64("granted", result.Granted))
		}
	}
}
