// Package arrivals asks brokers for the end offsets of the topics that queries
// read, so that their arrival rate and backlog are true between batches too:
// what Spark reports of its lag is compared with an offset fetched at the
// trigger's start, and reads about 0 however far behind the query is.
//
// # Model
//
// The environment says what is Wanted: topics by broker set. A Poller asks each
// broker of a set once for all the partitions it leads, whatever number of
// queries read them, and returns a Sample by set. A sample encodes canonically
// and enters the tuner as an input like any message, so that a run replays.
//
// # Units
//
// Offsets are end-exclusive: the offset that the next record will get.
//
// # Caveats
//
// On compacted and transactional topics offsets are not row counts. A sample
// holds what was answered: partitions without a leader are left out. A poll
// ends with its deadline; a failure is logged once as it begins and once as it
// ends.
package arrivals
