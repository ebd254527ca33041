package arrivals

import (
	"bytes"
	"strings"
	"testing"
)

func TestSetIsTheSameHoweverTheBrokersAreWritten(t *testing.T) {
	for _, in := range [][]string{{"b:1", "a:1"}, {"a:1,b:1"}, {" b:1 , a:1,", "a:1"}} {
		if got := Set(in); got != "a:1,b:1" {
			t.Errorf("Set(%q) = %q", in, got)
		}
	}
}

func TestDecodeRefusesWhatPollNeverSays(t *testing.T) {
	for name, in := range map[string]string{
		"garbage":               `{"v":1,`,
		"another version":       `{"v":2,"brokers":"a:1","topics":[]}`,
		"no brokers":            `{"v":1,"topics":[]}`,
		"wrong type":            `{"v":1,"brokers":"a:1","topics":{}}`,
		"negative end":          `{"v":1,"brokers":"a:1","topics":[{"name":"t","partitions":[{"id":0,"end":-1}]}]}`,
		"negative partition":    `{"v":1,"brokers":"a:1","topics":[{"name":"t","partitions":[{"id":-1,"end":1}]}]}`,
		"partitions repeated":   `{"v":1,"brokers":"a:1","topics":[{"name":"t","partitions":[{"id":0,"end":1},{"id":0,"end":2}]}]}`,
		"topics out of order":   `{"v":1,"brokers":"a:1","topics":[{"name":"t"},{"name":"s"}]}`,
		"larger than the limit": `{"v":1,"brokers":"` + strings.Repeat("x", MaxSample) + `"}`,
	} {
		if s, err := Decode([]byte(in)); err == nil {
			t.Errorf("%s: decoded to %+v", name, s)
		}
	}
}

func FuzzDecodeSample(f *testing.F) {
	f.Add([]byte(`{"v":1,"brokers":"a:1","topics":[{"name":"t","partitions":[{"id":0,"end":7},{"id":1,"end":9}]}]}`))
	f.Add([]byte(`{"v":1,"brokers":"a:1","topics":null}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		s, err := Decode(in)
		if err != nil {
			return
		}
		once, err := s.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(once)
		if err != nil {
			t.Fatalf("%s does not decode again: %v", once, err)
		}
		twice, err := again.Encode()
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("not canonical: %s then %s (%v)", once, twice, err)
		}
	})
}
