// Package load makes the demo's load: a seeded schedule of events, written to
// a Kafka topic as real records at their true times.
//
// # Model
//
// Bursty draws a schedule of steady stretches, idle stretches and bursts (a
// ramp up, a hold and a ramp down, of random height and length), in an order
// of its own for each seed; events fall by an inhomogeneous Poisson process. A
// Trace is a file of events in each second instead; within a second its events
// fall uniformly, which is a Poisson process given its count. A schedule is a
// pure function of the seed and the length, so both halves of the demo meet
// the same load.
//
// Run writes what is due each 10 ms, one request for each partition, and
// returns where each event went and when.
//
// # Units
//
// Event times are durations since the start of the load; rates are events/s.
//
// # Caveats
//
// A record's timestamp, and so the produce time of its event, is when its
// request was made: up to 10 ms after the schedule's time, later when the
// broker or the machine is slow. It is whole ms, as Kafka keeps it. An event's
// key decides its partition.
package load
