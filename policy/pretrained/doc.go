// Package pretrained holds the policy that ships inside the binary: what learn
// mode starts from and observe mode decides by. Serve mode wants a file.
//
// prior.policy is an artefact as policy.Decode reads it. It is made by
// `make pretrain`, which writes into its provenance the commit, the command and
// the seeds that make it again, bit for bit. It was trained in the simulator on
// generated workloads only; what it is worth on others is in README.md beside it.
package pretrained
