// Waiting for something to become true, with an end to it.
//
// Knows only how to ask again. A test waits for a transition with this and then asserts what stands.

// Asks `probe` until it answers something truthy and returns that. After `ms` it throws `what`, with
// what the probe last said or threw. Far more time than anything needs: only a failure is slow.
export async function until(what, probe, ms = 30_000) {
  const deadline = performance.now() + ms;
  let last;
  do {
    try {
      last = await probe();
      if (last) return last;
    } catch (fault) {
      last = fault;
    }
    await new Promise(done => setTimeout(done, 50));
  } while (performance.now() < deadline);
  const seen = last instanceof Error ? last.stack : JSON.stringify(last);
  throw new Error(`waited ${ms / 1000} s in vain: ${what}; last seen: ${seen}`);
}
