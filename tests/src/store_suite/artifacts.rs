//! Reading artifacts.

use antflow::cluster::graph::{Node, Pull};
use antflow::cluster::state::NodeState;

use super::bench::{Bench, behind, commit_of, cursor};

/// Pages go on behind each other, the end comes with the source's, and cursors come back with the next claim.
pub async fn they_are_read_behind_a_cursor_to_their_end(bench: Bench) {
    let read = Node::new("b", "s")
        .pull(Pull::from_nodes(["a"]))
        .streaming();
    let run = bench.submit([Node::new("a", "r"), read]).await;
    let page = bench
        .store
        .read_artifacts(behind(&run, "a", 0))
        .await
        .unwrap();
    assert_eq!((page.next_after, page.is_end), (0, false));
    let writer = bench.claim_one("w").await.lease;
    bench.commit(&writer, ["1", "2", "3"]).await;
    let mut asks = behind(&run, "a", 0);
    asks.limit = 2;
    let page = bench.store.read_artifacts(asks.clone()).await.unwrap();
    assert_eq!((page.artifacts.len(), page.next_after), (2, 2));
    bench.finish(&writer).await;
    let page = bench.store.read_artifacts(asks.clone()).await.unwrap();
    assert!(!page.is_end, "there is one more");
    asks.after_seq = page.next_after;
    let page = bench.store.read_artifacts(asks).await.unwrap();
    assert_eq!((page.artifacts.len(), page.next_after), (1, 3));
    assert_eq!((page.is_end, page.state), (true, NodeState::Finished));

    let [reader] = bench.claim("w", ["s"]).await.try_into().unwrap();
    let mut commit = commit_of(&reader.lease, ["a:2"]);
    commit.cursors = vec![cursor("a", 2, 1)];
    bench.store.commit(commit).await.unwrap();
    let mut earlier = commit_of(&reader.lease, []);
    earlier.cursors = vec![cursor("a", 2, 0)];
    bench.store.commit(earlier).await.unwrap();
    bench
        .store
        .release(reader.lease, "stop".into())
        .await
        .unwrap();
    let [reader] = bench.claim("x", ["s"]).await.try_into().unwrap();
    assert_eq!(reader.cursors, [cursor("a", 2, 1)], "never back");
}
