package signing

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

var (
	secretA = strings.Repeat("0a", 32)
	secretB = strings.Repeat("0b", 32)
)

// The agent's tests hold the same figures; they come from
//
//	printf '\0\0\0\011shop/join{"v":1}' | openssl dgst -sha256 -mac hmac -macopt hexkey:0a0a...
const knownSum = "bacd37f6d9746820740491643e95bd0a892d4ec406e5ef769b5c000eb0fcf4d0"

func TestASignatureIsTheOneThatTheAgentExpects(t *testing.T) {
	k, err := FromText("# the tuner's\na " + secretA + "\nb " + secretB + "\n")
	if err != nil {
		t.Fatal(err)
	}
	id, sum := k.Sign([]byte("shop/join"), []byte(`{"v":1}`))
	if id != "a" || hex.EncodeToString(sum) != knownSum {
		t.Fatalf("got %s %x", id, sum)
	}
}

func TestWhatMovesBetweenKeyAndValueChangesTheSignature(t *testing.T) {
	k, err := FromText("a " + secretA)
	if err != nil {
		t.Fatal(err)
	}
	_, one := k.Sign([]byte("ab"), []byte("c"))
	_, two := k.Sign([]byte("a"), []byte("bc"))
	if bytes.Equal(one, two) {
		t.Fatal("the same signature")
	}
}

func TestWrongKeysAreNamedByLineAndNeverShown(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":  {"# none\n\n", "holds no key"},
		"no name":  {secretA, "line 1"},
		"short":    {"ok " + secretA + "\nb 0b0b", "line 2: the secret has 4 digits"},
		"not hex":  {"a " + strings.Repeat("zz", 32), "not hexadecimal"},
		"twice":    {"a " + secretA + "\na " + secretB, "line 2"},
		"bad name": {"a/b " + secretA, "line 1"},
	} {
		_, err := Parse(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), secretA) || strings.Contains(err.Error(), "0b0b") || strings.Contains(err.Error(), "zz")) {
			t.Errorf("%s: shows the secret: %v", name, err)
		}
	}
}

func TestAKeyIsNeverPrinted(t *testing.T) {
	keys, err := Parse("a " + secretA)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, keys); got != "[a]" && !strings.Contains(got, "Key{a}") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

func TestAChangedFileIsTakenUpAndAWrongOneLeavesTheKeyInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	write := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Unix(1_000_000, 0)
	write("a "+secretA, now)
	var log bytes.Buffer
	k, err := FromFile(path, zerolog.New(&log))
	if err != nil {
		t.Fatal(err)
	}
	k.now = func() time.Time { return now }
	k.looked = now
	signs := func(want string) {
		t.Helper()
		if id, _ := k.Sign(nil, nil); id != want {
			t.Fatalf("signs with %s, want %s", id, want)
		}
	}
	write("b "+secretB+"\na "+secretA, now.Add(time.Second))
	signs("a")
	now = now.Add(lookEvery)
	signs("b")
	write("b", now.Add(time.Minute))
	for range 3 {
		now = now.Add(lookEvery)
		signs("b")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	now = now.Add(lookEvery)
	signs("b")
	if n := strings.Count(log.String(), "cannot be read"); n != 1 {
		t.Fatalf("said %d times that the keys cannot be read:\n%s", n, log.String())
	}
	write("c "+secretA, now)
	now = now.Add(lookEvery)
	signs("c")
	if strings.Contains(log.String(), secretA) || strings.Contains(log.String(), secretB) {
		t.Fatal("the log shows a secret")
	}
}

func TestAMissingFileIsAnError(t *testing.T) {
	if _, err := FromFile(filepath.Join(t.TempDir(), "none"), zerolog.Nop()); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
}
