package spark

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// heartbeatJSON is a message as the Java agent writes it.
const heartbeatJSON = `{"v":1,"type":"heartbeat","seq":7,"runId":"r-1","wallMs":1700000000000,"monoNs":-42,"sentMonoNs":-40,
"counters":{"triggers":5,"emptyTriggers":2,"batches":3,"drops":1},"phase":"waiting","triggerStartMs":1699999999000,
"triggerStartMonoNs":-1000000042,"intervalMs":500,"configuredMs":2000,"managed":true,"conflict":false,
"applied":{"epoch":3,"seq":9,"intervalMs":500,"leaseLeftMs":8000},"future":{"a":[1]},
"stats":{"hookFirings":{"nextBatchTime":5},"adviceErrors":0,"applied":4,"refused":1,"refusedBy":{"order":1},
"clamped":0,"expired":0,"roundTrip":{"base":2,"buckets":{"10":98,"12":2},"count":100}}}`

func TestMessagesAreReadAsTheAgentWritesThem(t *testing.T) {
	m, err := Decode([]byte(heartbeatJSON))
	if err != nil {
		t.Fatal(err)
	}
	if m.Type != Heartbeat || m.Seq != 7 || m.MonoNs != -42 || *m.SentMonoNs != -40 || m.Counters.Batches != 3 ||
		*m.Applied != (Applied{Epoch: 3, Seq: 9, IntervalMs: 500, LeaseLeftMs: 8000}) || *m.TriggerStartMonoNs != -1000000042 {
		t.Errorf("got %+v", m)
	}
	p50, ok50 := m.Stats.RoundTrip.Quantile(0.5)
	p99, ok99 := m.Stats.RoundTrip.Quantile(0.99)
	if !ok50 || !ok99 || p50 < 1.024 || p50 >= 2.048 || p99 < 4.096 || p99 >= 8.192 {
		t.Errorf("round trip p50 %v p99 %v: want them within buckets 10 and 12", p50, p99)
	}
}

func TestMessagesThatAreWrongAreRefusedAndSayWhy(t *testing.T) {
	change := func(from, to string) string {
		t.Helper()
		out := strings.Replace(heartbeatJSON, from, to, 1)
		if out == heartbeatJSON {
			t.Fatalf("%q is not in the message", from)
		}
		return out
	}
	trigger := change(`"type":"heartbeat"`, `"type":"trigger"`)
	for name, c := range map[string]struct{ in, says string }{
		"nothing":               {"", "unexpected end"},
		"garbage":               {"\x00\xff\x17garbage", "invalid character"},
		"cut short":             {heartbeatJSON[:len(heartbeatJSON)/2], "of 3"},
		"huge":                  {heartbeatJSON + strings.Repeat(" ", MaxMessage), "limit"},
		"an array":              {`[1]`, "array"},
		"another version":       {change(`"v":1`, `"v":2`), "version 2"},
		"no version":            {change(`"v":1,`, ``), "version 0"},
		"no run":                {change(`"r-1"`, `""`), "runId"},
		"endless run id":        {change(`"r-1"`, `"`+strings.Repeat("r", 300)+`"`), "runId"},
		"run of wrong type":     {change(`"r-1"`, `17`), "runId"},
		"no seq":                {change(`"seq":7,`, ``), "seq"},
		"negative seq":          {change(`"seq":7`, `"seq":-7`), "seq"},
		"seq as text":           {change(`"seq":7`, `"seq":"7"`), "seq"},
		"fraction of a seq":     {change(`"seq":7`, `"seq":7.5`), "seq"},
		"negative counter":      {change(`"batches":3`, `"batches":-3`), "batches"},
		"counters of a list":    {change(`{"triggers":5,"emptyTriggers":2,"batches":3,"drops":1}`, `[]`), "counters"},
		"unknown phase":         {change(`"phase":"waiting"`, `"phase":"resting"`), "phase"},
		"unknown type":          {change(`"type":"heartbeat"`, `"type":"gossip"`), "unknown type"},
		"negative interval":     {change(`"intervalMs":500,"conf`, `"intervalMs":-1,"conf`), "intervalMs"},
		"absurd interval":       {change(`"configuredMs":2000`, `"configuredMs":9000000000000000`), "configuredMs"},
		"absurd clock":          {change(`"monoNs":-42`, `"monoNs":-9223372036854775808`), "monotonic"},
		"absurd start":          {change(`-1000000042`, `9223372036854775807`), "monotonic"},
		"trigger without edge":  {trigger, "edge"},
		"trigger of no outcome": {strings.Replace(trigger, `"v":1`, `"v":1,"edge":"end","outcome":"fine"`, 1), "outcome"},
		"progress of no object": {change(`"type":"heartbeat"`, `"type":"progress","progress":[1]`), "object"},
		"no progress":           {change(`"type":"heartbeat"`, `"type":"progress"`), "object"},
		"literal NaN":           {change(`"type":"heartbeat"`, `"type":"progress","progress":{"numInputRows":NaN}`), "invalid character"},
		"base of a histogram":   {change(`"base":2`, `"base":1`), "base"},
	} {
		m, err := Decode([]byte(c.in))
		if err == nil {
			t.Errorf("%s: decoded to %+v", name, m)
			continue
		}
		if !errors.Is(err, ErrMessage) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %q does not say %q", name, err, c.says)
		}
	}
}

func TestProgressOfEveryShapeIsRead(t *testing.T) {
	offsets := []PartitionOffset{{"a", 0, 5}, {"a", 10, 7}, {"b", 2, 0}}
	const object = `{"b":{"2":0},"a":{"10":7,"0":5}}`
	for name, in := range map[string]string{
		"objects":     `{"description":"KafkaV2[Subscribe[a, b]]","startOffset":null,"endOffset":` + object + `,"numInputRows":12}`,
		"strings":     `{"description":"KafkaV2[Assign[a-0]]","endOffset":` + quote(object) + `,"numInputRows":12}`,
		"shape alone": `{"description":"org.example.MySource","endOffset":` + object + `,"numInputRows":12}`,
	} {
		p, err := DecodeProgress([]byte(`{"batchId":3,"numInputRows":12,"durationMs":{"addBatch":9},"sources":[` + in + `]}`))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s := p.Sources[0]
		if !s.Kafka || !reflect.DeepEqual(s.End, offsets) || s.Start != nil || s.Rows != 12 || p.Rows != 12 || p.AddBatchMs != 9 || p.Bad != 0 {
			t.Errorf("%s: got %+v", name, p)
		}
	}
	for name, in := range map[string]string{
		"files": `{"description":"FileStreamSource[file:/in]","endOffset":{"logOffset":4}}`,
		"rate":  `{"description":"RateStreamV2[rowsPerSecond=1]","endOffset":17}`,
		"delta": `{"description":"DeltaSource[x]","endOffset":{"sourceVersion":1,"reservoirId":"f","reservoirVersion":2,"index":-1}}`,
	} {
		p, err := DecodeProgress([]byte(`{"numInputRows":1,"sources":[` + in + `]}`))
		if err != nil || p.Sources[0].Kafka {
			t.Errorf("%s: taken for Kafka's: %+v, %v", name, p, err)
		}
	}
}

func quote(s string) string {
	b, _ := json.Marshal(s) //nolint:errchkjson // a string always encodes
	return string(b)
}

func TestNumbersInProgressThatCannotBeAreMissing(t *testing.T) {
	for _, bad := range []string{`"NaN"`, `"Infinity"`, `-1`, `-1e300`, `1e300`, `1e400`, `"12"`, `[]`, `{}`, `true`} {
		p, err := DecodeProgress([]byte(`{"numInputRows":` + bad + `,"durationMs":{"addBatch":` + bad +
			`},"sources":[{"description":"KafkaV2[Subscribe[a]]","endOffset":{"a":{"0":` + bad + `}},"numInputRows":` + bad + `}]}`))
		if err != nil {
			t.Errorf("%s: %v", bad, err)
			continue
		}
		if p.Rows != -1 || p.AddBatchMs != -1 || len(p.Sources[0].End) != 0 || p.Sources[0].Rows != -1 || p.Bad != 4 {
			t.Errorf("%s: got %+v, want it missing and 4 counted", bad, p)
		}
	}
	p, err := DecodeProgress([]byte(`{"numInputRows":3,"durationMs":"long","sources":{"a":1}}`))
	if err != nil || p.Rows != 3 || p.Bad != 2 {
		t.Errorf("parts of the wrong type: got %+v, %v", p, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(heartbeatJSON))
	f.Add([]byte(strings.Replace(heartbeatJSON, `"type":"heartbeat"`, `"type":"trigger","edge":"end","outcome":"batch","batchId":3`, 1)))
	f.Add([]byte(`{"v":1,"type":"progress","seq":1,"runId":"r","phase":"batch","progress":{"sources":[{"endOffset":{"a":{"0":1}}}]}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		m, err := Decode(in)
		if err != nil {
			if !errors.Is(err, ErrMessage) || m != nil {
				t.Fatalf("refused with %v and %v", m, err)
			}
			return
		}
		once, err := json.Marshal(m)
		if err != nil {
			t.Fatalf("what was decoded does not encode: %v", err)
		}
		if _, err := Decode(once); err != nil && len(once) <= MaxMessage {
			t.Fatalf("%s does not decode again: %v", once, err)
		}
	})
}

func FuzzDecodeProgress(f *testing.F) {
	f.Add([]byte(`{"batchId":3,"numInputRows":12,"durationMs":{"triggerExecution":9},"sources":[{"description":"KafkaV2[Subscribe[a]]","startOffset":"{\"a\":{\"0\":1}}","endOffset":{"a":{"0":5,"1":9}}}]}`))
	f.Add([]byte(`{"durationMs":{"addBatch":1e400},"sources":[{"endOffset":{"a":null}}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := DecodeProgress(in)
		if err != nil {
			return
		}
		if p.Rows < -1 || p.Rows > maxNumber || p.AddBatchMs < -1 {
			t.Fatalf("out of range: %+v", p)
		}
		for _, s := range p.Sources {
			for _, list := range [][]PartitionOffset{s.Start, s.End, s.Latest} {
				for i, o := range list {
					if o.Offset < 0 || o.Partition < 0 || i > 0 && comparePartitions(list[i-1], o) >= 0 {
						t.Fatalf("offsets out of order or range: %+v", list)
					}
				}
			}
		}
		once, err := json.Marshal(p)
		if err != nil {
			t.Fatalf("a progress must be able to enter the state: %v", err)
		}
		again := new(Progress)
		if err := json.Unmarshal(once, again); err != nil {
			t.Fatal(err)
		}
		if twice, err := json.Marshal(again); err != nil || string(once) != string(twice) {
			t.Fatalf("not canonical: %s then %s (%v)", once, twice, err)
		}
	})
}
