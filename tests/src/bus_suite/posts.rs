//! What posts may be: of any size, of any bytes, and many.

use std::sync::Arc;

use antflow::cluster::bus::{Audience, Post};
use antflow::cluster::protocol::Topic;
use tokio::task::JoinSet;

use super::bench::{BusBench, Hearers, commands, group, listen, next, post, said};

/// From one byte to 200,000, around sizes that engines have a limit at.
pub async fn posts_of_any_size_come_through(bench: BusBench) {
    let topic = commands("r");
    let other = bench.another().await;
    let mut each = bench.listen(&topic, Audience::Each).await;
    let mut of_group = listen(&*other, [&topic], group("r")).await;
    for size in [
        1, 100, 5_900, 7_900, 7_990, 7_999, 8_000, 8_001, 8_200, 65_536, 200_000,
    ] {
        // As hostile as text may be, and as bytes may be.
        for pattern in [&b"a\"\\'\n"[..], &[0, 1, 127, 128, 255]] {
            let bytes = pattern.iter().copied().cycle().take(size);
            let post = Post {
                topic: topic.clone(),
                key: "run:node".to_owned(),
                bytes: bytes.collect(),
            };
            said(&*bench.bus, post.clone()).await;
            assert!(next(&mut *each).await == post, "each, {size} bytes");
            assert!(next(&mut *of_group).await == post, "one of, {size} bytes");
        }
    }
}

/// Decoding is up to whoever hears it.
pub async fn what_is_no_envelope_comes_through(bench: BusBench) {
    for topic in [commands("r"), Topic::Signals] {
        let mut each = bench.listen(&topic, Audience::Each).await;
        let mut of_group = bench.listen(&topic, group("r")).await;
        for bytes in [&b"\0"[..], b"\xff\xfe", b"{\"v\":", b"no JSON", b" ", b"\n"] {
            let post = Post {
                topic: topic.clone(),
                key: String::new(),
                bytes: bytes.into(),
            };
            said(&*bench.bus, post.clone()).await;
            assert_eq!(next(&mut *each).await, post);
            assert_eq!(next(&mut *of_group).await, post);
        }
    }
}

/// Keys are texts of users.
pub async fn keys_of_any_text_come_through(bench: BusBench) {
    let topic = commands("r");
    let mut each = bench.listen(&topic, Audience::Each).await;
    let mut of_group = bench.listen(&topic, group("r")).await;
    let long = "k".repeat(1_000);
    for key in ["", "run:node", "a b\n\r\tc", "ключ", ":", "%41", &long] {
        let post = post(&topic, key, "a");
        said(&*bench.bus, post.clone()).await;
        assert_eq!(next(&mut *each).await, post);
        assert_eq!(next(&mut *of_group).await, post);
    }
}

/// Several speak at once, in two processes, while others listen.
pub async fn many_posts_from_many_sides(bench: BusBench) {
    const SPEAKERS: usize = 4;
    const POSTS: usize = 500;
    let topic = commands("r");
    let other = bench.another().await;
    let mut of_group = Hearers::new([
        bench.listen(&topic, group("r")).await,
        listen(&*other, [&topic], group("r")).await,
    ]);
    let mut each = Hearers::new([listen(&*other, [&topic], Audience::Each).await]);
    let mut speakers = JoinSet::new();
    for speaker in 0..SPEAKERS {
        let bus = Arc::clone(if speaker % 2 == 0 { &bench.bus } else { &other });
        let topic = topic.clone();
        speakers.spawn(async move {
            for n in 0..POSTS {
                said(
                    &*bus,
                    post(&topic, &speaker.to_string(), &format!("{speaker} {n}")),
                )
                .await;
            }
        });
    }
    speakers.join_all().await;
    of_group.all_once(SPEAKERS * POSTS).await;
    each.all_once(SPEAKERS * POSTS).await;
}
