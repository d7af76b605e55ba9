package traefik

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// startedService starts this test program in place of a cart service: the real one is tried in integration/.
func startedService(t *testing.T, ctx context.Context, behaviour string) (*CartService, error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(standIn, behaviour)
	return StartCartService(ctx, CartServiceSettings{Program: program, Log: filepath.Join(t.TempDir(), "log")})
}

func TestACartServiceThatEndsEarlyIsQuoted(t *testing.T) {
	_, err := startedService(t, t.Context(), "cart service ends early")
	want := "the cart service ended (exit status 1)\n  ucpshop: opening cart file carts.db: timeout"
	if err == nil || err.Error() != want {
		t.Fatalf("got %v\nwant %s", err, want)
	}
}

func TestACartServiceIsThereUntilItIsStopped(t *testing.T) {
	service, err := startedService(t, t.Context(), "cart service")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-service.Ended():
		t.Fatal(service.Err())
	default:
	}
	for range 2 {
		if err := service.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	<-service.Ended()
	if said := service.Err().Error(); strings.Contains(said, "\n") {
		t.Errorf("a request is taken for its last words: %s", said)
	}
}

func TestACartServiceThatIsNotWaitedForIsEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := startedService(t, ctx, "cart service hangs"); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func TestWithoutGoNoCartServiceIsBuilt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := BuildCartService(t.Context(), t.TempDir(), t.TempDir(), &strings.Builder{})
	if want := "building the UCP cart service: the go command is not on PATH; install Go (https://go.dev/dl/)"; err == nil || err.Error() != want {
		t.Fatalf("got %v\nwant %s", err, want)
	}
}
