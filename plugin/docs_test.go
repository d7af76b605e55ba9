package plugin

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polycart/polycart/cartcore"
)

// The receivers that docs/webhooks.md shows take what is signed, and nothing else.
func TestTheReceiversInTheDocsVerify(t *testing.T) {
	folder := filepath.Join("..", "docs", "webhooks")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte(hookSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "receiver")
	if out, err := exec.Command("go", "build", "-o", program, filepath.Join(folder, "receiver.go")).CombinedOutput(); err != nil {
		t.Fatalf("building the receiver: %v\n%s", err, out)
	}
	receivers := map[string]func(address string) *exec.Cmd{
		"Go": func(address string) *exec.Cmd { return exec.Command(program, "--secret", secret, "--listen", address) },
	}
	if node, err := exec.LookPath("node"); err == nil {
		receivers["Node"] = func(address string) *exec.Cmd {
			_, port, _ := net.SplitHostPort(address)
			return exec.Command(node, filepath.Join(folder, "receiver.mjs"), secret, port)
		}
	}
	for name, command := range receivers {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			address := listener.Addr().String()
			listener.Close()
			running, out := command(address), &bytes.Buffer{}
			running.Stdout = out
			if err := running.Start(); err != nil {
				t.Fatal(err)
			}
			event := &cartcore.Event{ID: "evt_1", Body: []byte(`{"id":"evt_1","type":"cart.created","data":{"cartId":"c1"}}`)}
			hook := &webhook{URL: "http://" + address + "/", Secret: []byte(hookSecret), UserAgent: hookAgent}
			_ = awaitValue(t, func() (error, bool) {
				err := post(context.Background(), newHookClient(true), hook, event, 5000)
				return err, err == nil
			})
			if err := post(context.Background(), newHookClient(true), hook, event, 5000); err != nil {
				t.Errorf("the second time it says %v", err)
			}
			hook.Secret = []byte("another secret of some length")
			if err := post(context.Background(), newHookClient(true), hook, event, 5000); err == nil || !strings.Contains(err.Error(), "401") {
				t.Errorf("a wrong signature is answered %v", err)
			}
			_ = running.Process.Kill() // it may have ended by itself
			_ = running.Wait()         // killed: the error says so
			if got := strings.TrimSpace(out.String()); got != `cart.created evt_1 {"cartId":"c1"}` {
				t.Errorf("it printed %q", got)
			}
		})
	}
}
