package parallel

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Do calls f with 0 to n-1 by so many workers, as many as cores for 0 of them, and
// waits for all. At the first error, which it returns, or where ctx ends, no more
// are begun, and f's own context ends.
func Do(ctx context.Context, workers, n int, f func(ctx context.Context, i int) error) error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i := range n {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return f(ctx, i)
		})
	}
	return group.Wait()
}
