package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/polycart/polycart/internal/migrate"
	"github.com/polycart/polycart/internal/traefik"
	"github.com/polycart/polycart/store"
)

// migrateSettings are the flags of the command migrate.
type migrateSettings struct {
	from        string
	target      migrateTarget
	connections int
	dryRun      bool
}

func migrateCommand() *cobra.Command {
	settings := migrateSettings{}
	command := &cobra.Command{
		Use:   "migrate --from file:FOLDER --to redis://HOST:PORT",
		Short: "Copy all carts of a data folder into a Redis",
		Long: `Migrate copies what a data folder holds (store.kind file) into a Redis, Valkey, cluster or group with sentinels
(store.kind redis): carts with their versions, lifetimes and the answers kept for retries, orders, what customers wait for,
events that wait for webhooks, and dead letters. Then it reads every record again from both and compares them byte for byte.
The folder stays as it is. There is no way back by this command.

Stop Traefik first, and start it with store.kind redis when all is over: a folder that a process is using is refused, and
while it is copied no Traefik can use it. It takes half a kilobyte of memory for each record.

It can be broken off at any time, also by kill -9: the same command goes on. What is there already stays; an older
record of the same cart is replaced; a newer one, or another cart under the same key, is never touched, but counted. Between two runs the
folder should not be used: a cart that is dropped there then stays in the Redis. It answers 0 where the Redis has everything that the
folder holds, or with --dry-run would have, 130 after Ctrl-C, else 1.

--to takes redis:// or, with TLS, rediss://, then [USER@]HOST[:PORT], several hosts between commas for a cluster or sentinels, the number of
a database as path, and ?cluster=true, ?master=NAME or ?prefix=TEXT. --config takes all of it from store.redis of a dynamic
configuration instead, with its certificates and its passwordFile, whose relative paths count from here. A password
comes from --password-file or from the environment variable ` + passwordVariable + `. USER:PASSWORD@ is understood too,
but every process of the machine can read it there.`,
		Example: `  polycart migrate --from file:/var/lib/polycart --to redis://redis.internal:6379 --password-file redis-password
  polycart migrate --from file:/var/lib/polycart --config dynamic.yml --dry-run
  polycart migrate --from file:/var/lib/polycart --to "rediss://shop@node-1:6379,node-2:6379?cluster=true"`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return settings.run(command.Context(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	flags := command.Flags()
	flags.StringVar(&settings.from, "from", "", "file:FOLDER, the data folder: store.folder of the configuration")
	flags.StringVar(&settings.target.url, "to", "", "URL of the Redis")
	flags.StringVar(&settings.target.config, "config", "", "FILE with a dynamic configuration whose store.redis says where the Redis is")
	flags.StringVar(&settings.target.middleware, "middleware", "", "which middleware of --config, where several have a Redis")
	flags.StringVar(&settings.target.plugin, "plugin", traefik.PluginName, "name of the plugin in Traefik's static configuration, for --config")
	flags.StringVar(&settings.target.passwordFile, "password-file", "", "FILE with the password, for --to")
	flags.IntVar(&settings.connections, "connections", 16, "records that are under way at once, each on a connection of its own")
	flags.BoolVar(&settings.dryRun, "dry-run", false, "only say what would be done")
	return command
}

// check names what is wrong with the flags.
func (s *migrateSettings) check() (folder string, err error) {
	folder, is := strings.CutPrefix(s.from, "file:")
	folder = strings.TrimPrefix(folder, "//")
	switch {
	case s.from == "":
		return "", usageError{errors.New("--from is missing: which folder are the carts in?")}
	case !is || folder == "":
		return "", usageError{fmt.Errorf("--from must be file:FOLDER, such as file:/var/lib/polycart, not %q", s.from)}
	case s.target.url == "" && s.target.config == "":
		return "", usageError{errors.New("--to is missing: where is the Redis? Or take it from a configuration with --config")}
	case s.target.url != "" && s.target.config != "":
		return "", usageError{errors.New("--to and --config exclude each other")}
	case s.connections < 1 || s.connections > 1000:
		return "", usageError{fmt.Errorf("--connections must be from 1 to 1000, not %d", s.connections)}
	}
	return folder, nil
}

// run copies and says what it came to.
func (s *migrateSettings) run(ctx context.Context, out, problems io.Writer) (err error) {
	folder, err := s.check()
	if err != nil {
		return err
	}
	options, err := s.target.options()
	if err != nil {
		return err
	}
	options.Connections = s.connections
	to, err := store.OpenRedis(options)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	from, err := holdFolder(ctx, folder, problems)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()

	telling := newMeter(problems)
	report, err := migrate.Run(ctx, from, to, migrate.Settings{Workers: s.connections, DryRun: s.dryRun, Began: telling.began, Did: telling.did})
	telling.end()
	tellMigration(out, folder, s.dryRun, report)
	if err != nil {
		fmt.Fprintf(problems, "polycart: it is not over; the same command goes on where it stopped\n")
		return err
	}
	if !report.Whole() {
		return errSaid
	}
	return nil
}

// lockPatience is how long a folder that is in use is waited for: a lock that was left behind by a process of another host or
// container counts as that when it has not changed for 10 seconds.
var lockPatience = 12 * time.Second

// holdFolder opens the log of a folder that no Traefik uses.
func holdFolder(ctx context.Context, folder string, problems io.Writer) (*store.Log, error) {
	log, err := openLog(store.LogOptions{Folder: folder, Logger: slog.New(slog.NewTextHandler(problems, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		return nil, fmt.Errorf("--from: %w", err)
	}
	busy := log.Ready()
	if busy != nil {
		fmt.Fprintf(problems, "polycart: %v; waiting %s in case that its owner is gone\n", busy, lockPatience)
	}
	for end := time.Now().Add(lockPatience); busy != nil && ctx.Err() == nil && time.Now().Before(end); busy = log.Ready() {
		time.Sleep(50 * time.Millisecond)
	}
	if busy == nil {
		return log, nil
	}
	if ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), log.Close())
	}
	return nil, errors.Join(fmt.Errorf("--from: %w: %w; stop that Traefik, copy, and start it again with store.kind redis", errInUse, busy), log.Close())
}

// tellMigration says what a run came to.
func tellMigration(out io.Writer, folder string, dry bool, r *migrate.Report) {
	done := "copied"
	if dry {
		done = "would be copied"
	}
	fmt.Fprintf(out, "%s holds %s\n", folder, counted(r.Records, "record", "records"))
	fmt.Fprintf(out, "%s: %d new, %d in place of older ones; %d were there already, byte for byte\n",
		done, r.Copy.Count(migrate.Copied), r.Copy.Count(migrate.Replaced), r.Copy.Count(migrate.There))
	last := &r.Copy
	if checked := total(&r.Check); checked > 0 {
		last = &r.Check
		fmt.Fprintf(out, "verified: of %d read again, %d are the same in both\n", checked, r.Check.Count(migrate.There))
	}
	for _, line := range []struct {
		outcome migrate.Outcome
		text    string
	}{
		{migrate.Expired, "their lifetime ended meanwhile"},
		{migrate.Newer, "not copied: the Redis has a newer one"},
		{migrate.Other, "not copied: the Redis has another cart under the same key"},
		{migrate.Unread, "not copied: damaged in the folder"},
		{migrate.Unknown, "not copied: what the Redis has under the key cannot be read"},
		{migrate.Missing, "not in the Redis, or not as in the folder; run it again"},
	} {
		if count := last.Count(line.outcome); count > 0 {
			fmt.Fprintf(out, "%s %s", counted(count, "record", "records"), line.text)
			if example := last.Example(line.outcome); example != "" {
				fmt.Fprintf(out, "; one of them: %s", example)
			}
			fmt.Fprintln(out)
		}
	}
	if r.Lost > 0 {
		fmt.Fprintf(out, "%s of the folder are damaged so that nobody knows whose they were (the lines above say where)\n", counted(int(r.Lost), "place", "places"))
	}
}

// total is how many records a tally has counted.
func total(t *migrate.Tally) int {
	sum := 0
	for outcome := range migrate.Outcomes {
		sum += t.Count(outcome)
	}
	return sum
}
