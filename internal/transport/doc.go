// Package transport carries messages over Kafka behind an interface of a few
// methods, so that the rest of the tuner depends on topics, partitions and
// offsets and on no client library.
//
// # Model
//
// Reading is by partition from offsets that the caller keeps: the tuner stores
// its positions in the same transaction as its state, so there is no consumer
// group and a restart resumes at once. A position is the offset of the next
// message to take. A position that the broker no longer holds (retention took
// it, or the topic was made anew) is moved to the first one kept, and the gap
// is reported.
//
// Writing comes in two kinds. Publish never blocks: a bounded queue drops its
// oldest message, and a message that cannot be delivered in three attempts is
// counted and forgotten, for a late command is worth nothing. Produce blocks
// and answers with the offset of the first record.
//
// A broker that is absent at the start, goes away and comes back is met by
// trying again every 20 to 200 ms; the log says once that an address is out of
// reach and once that it is back.
//
// A broker that refuses us (its certificate, our password, its protocol) can be
// reached: the log says once a minute what is refused, and it is asked again
// every two seconds, since it may be mended without us.
//
// # Units
//
// Offsets and positions are Kafka's. Message.Time is the record's timestamp,
// which Kafka keeps in whole milliseconds. Sizes are bytes of key and value.
//
// # Caveats
//
// Messages over MaxMessage are skipped and counted, both ways; to a reader each
// is a gap. A delivery that
// timed out may have happened: a reader must stand duplicates (commands carry
// a sequence for that). Partitions added to a topic while it is being consumed
// are not noticed until the next Consume. Offsets that hold no message for a
// reader (compaction, transaction markers) are reported as gaps too.
package transport
