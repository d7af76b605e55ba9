package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/polycart/polycart/cartcore"
	"github.com/polycart/polycart/store"
)

func outboxCommand() *cobra.Command {
	data, retry := "", false
	command := &cobra.Command{
		Use:   "outbox --data FOLDER",
		Short: "List the events that wait for webhooks, and the dead letters",
		Long: `Outbox lists the events in a data folder that were not delivered to their webhooks: those that wait, and the dead
letters, of which there will be no further attempt. It shows neither what an event says nor whose cart it is about.

A folder that Traefik is using is copied, and the list is that of the copy at this moment. --retry makes every dead letter
wait again, from its first attempt on; Traefik sends them after its next start. That needs the folder to itself: stop
Traefik first.`,
		Example: `  polycart outbox --data /var/lib/polycart
  polycart outbox --data /var/lib/polycart --retry`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if data == "" {
				return usageError{errors.New("--data is missing: which folder are the carts in?")}
			}
			if retry {
				return retryLetters(data, command.OutOrStdout())
			}
			return listOutbox(data, command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	command.Flags().StringVar(&data, "data", "", "the data folder, store.folder of the configuration")
	command.Flags().BoolVar(&retry, "retry", false, "make dead letters wait again")
	return command
}

// errInUse says that another process owns the folder.
var errInUse = errors.New("the folder is in use")

// openFolder opens the carts of a data folder that nobody uses. It makes no folder.
func openFolder(folder string) (*store.Carts, error) {
	kept, err := openLog(store.LogOptions{Folder: folder})
	if err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	if err := kept.Ready(); err != nil {
		return nil, errors.Join(fmt.Errorf("--data: %w: %w", errInUse, err), kept.Close())
	}
	return store.OpenCarts(kept, store.Bounds{}, store.Lifetimes{}), nil
}

// openLog opens the log in a data folder, and makes none.
func openLog(options store.LogOptions) (*store.Log, error) {
	segments, err := filepath.Glob(filepath.Join(options.Folder, "carts-*.log"))
	if err != nil || len(segments) == 0 {
		return nil, fmt.Errorf("there are no carts in %s", options.Folder)
	}
	return store.OpenLog(options)
}

// listOutbox lists what is in a folder's outbox.
func listOutbox(folder string, out, problems io.Writer) (err error) {
	carts, err := openFolder(folder)
	if errors.Is(err, errInUse) {
		copied, wrong := copyFolder(folder)
		if wrong != nil {
			return wrong
		}
		defer func() { err = errors.Join(err, os.RemoveAll(copied)) }()
		fmt.Fprintf(problems, "polycart: %s is in use; this is a copy of it as it is now\n", folder)
		carts, err = openFolder(copied)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.CloseCarts(carts)) }()
	rows, err := outboxRows(carts)
	if err != nil {
		return err
	}
	dead := 0
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(rows) > 0 {
		fmt.Fprintln(table, "STATE\tTENANT\tCART\tEVENT\tTYPE\tWEBHOOK\tATTEMPTS\tNEXT\tLAST ERROR")
	}
	for _, row := range rows {
		if row.dead {
			dead++
		}
		fmt.Fprintln(table, row.text)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the outbox: %w", err)
	}
	fmt.Fprintf(out, "%s, %s\n", counted(len(rows)-dead, "delivery waits", "deliveries wait"), counted(dead, "dead letter", "dead letters"))
	return nil
}

// copyFolder copies the segments of a folder that is in use, oldest first: what moves meanwhile moves to the newest, and a
// record that is half written there is cut off when the copy is opened.
func copyFolder(folder string) (copied string, err error) {
	copied, err = os.MkdirTemp("", "polycart-outbox-")
	if err != nil {
		return "", fmt.Errorf("copying the folder: %w", err)
	}
	for range 2 { // the second time for segments that began during the first
		segments, err := filepath.Glob(filepath.Join(folder, "carts-*.log"))
		if err != nil {
			return "", errors.Join(fmt.Errorf("copying the folder: %w", err), os.RemoveAll(copied))
		}
		for i, segment := range segments {
			to := filepath.Join(copied, filepath.Base(segment))
			if _, err := os.Stat(to); err == nil && i < len(segments)-1 {
				continue
			}
			if err := copyFile(segment, to); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", errors.Join(err, os.RemoveAll(copied))
			}
		}
	}
	return copied, nil
}

func copyFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copying the folder: %w", err)
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("copying the folder: %w", err)
	}
	_, err = io.Copy(target, source)
	if err = errors.Join(err, target.Close()); err != nil {
		return fmt.Errorf("copying %s: %w", from, err)
	}
	return nil
}

// outboxRow is a delivery that is not done.
type outboxRow struct {
	order string
	dead  bool
	text  string
}

// outboxRows lists the deliveries that are not done, oldest event first.
func outboxRows(carts *store.Carts) ([]outboxRow, error) {
	keys, err := store.PendingCarts(carts)
	if err != nil {
		return nil, err
	}
	rows := []outboxRow{}
	for _, key := range keys {
		cart, err := store.PeekCart(carts, key)
		if err != nil {
			return nil, err
		}
		if cart == nil || cart.Outbox == nil {
			continue
		}
		for _, event := range cart.Outbox.Events {
			for _, to := range event.To {
				rows = append(rows, rowOf(cart, event, to))
			}
		}
	}
	sort.Slice(rows, func(a, b int) bool { return rows[a].order < rows[b].order })
	return rows, nil
}

func rowOf(cart *cartcore.Cart, event *cartcore.Event, to *cartcore.Delivery) outboxRow {
	state, next := "waiting", "now"
	if to.Next > 0 {
		next = time.UnixMilli(to.Next).UTC().Format(time.RFC3339)
	}
	if to.Dead {
		state, next = "dead", "-"
	}
	failed := to.Error
	if failed == "" {
		failed = "-"
	}
	text := fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s", state, cart.Key.Tenant, cart.ID, event.ID, event.Type, to.Hook, to.Attempts, next, failed)
	return outboxRow{order: event.ID + to.Hook, dead: to.Dead, text: text}
}

// retryLetters makes the dead letters of a folder wait again. A letter is kept as one that waits before it is taken away as
// a dead one: broken off between the two, it would be sent twice and not never.
func retryLetters(folder string, out io.Writer) (err error) {
	carts, err := openFolder(folder)
	if errors.Is(err, errInUse) {
		return fmt.Errorf("%w; stop Traefik, or use --retry when it is stopped", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.CloseCarts(carts)) }()
	keys, err := store.PendingCarts(carts)
	if err != nil {
		return err
	}
	revived := 0
	for _, key := range keys {
		if !cartcore.OwnerIsDead(key.Owner) {
			continue
		}
		letter, err := store.PeekCart(carts, key)
		if err != nil {
			return err
		}
		if letter == nil || !cartcore.HasEvents(letter) {
			continue
		}
		again := cartcore.Again(letter, time.Now().UnixMilli())
		if err := store.SaveCart(carts, again, 0); err != nil && !errors.Is(err, store.ErrConflict) {
			return err
		}
		if err := store.DropCart(carts, letter); err != nil {
			return err
		}
		revived++
	}
	fmt.Fprintf(out, "%s again\n", counted(revived, "dead letter waits", "dead letters wait"))
	return nil
}
