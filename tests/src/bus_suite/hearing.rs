//! Who hears what, where, and in which order.

use antflow::cluster::bus::Audience;
use antflow::cluster::protocol::Topic;

use super::bench::{
    BusBench, comes_to, commands, group, heard, heard_texts, listen, next, post, said, silent, text,
};

/// All that listen hear the post as it was said, in this process and in others.
pub async fn each_hears_all(bench: BusBench) {
    let other = bench.another().await;
    let topic = Topic::Signals;
    let mut inboxes = [
        bench.listen(&topic, Audience::Each).await,
        bench.listen(&topic, Audience::Each).await,
        listen(&*other, [&topic], Audience::Each).await,
    ];
    let posts = ["a", "b", "c"].map(|text| post(&topic, "run:node", text));
    for (n, post) in posts.iter().enumerate() {
        let speaker = if n == 1 { &other } else { &bench.bus };
        said(&**speaker, post.clone()).await;
    }
    for inbox in &mut inboxes {
        let mut all = heard(&mut **inbox, posts.len()).await;
        // Who says something at the same time is in nobody's order.
        all.sort_by_key(text);
        assert_eq!(all, posts);
        silent(&mut **inbox).await;
    }
}

/// Whoever listens to one topic hears nothing of the others, whoever it is.
pub async fn topics_are_kept_apart(bench: BusBench) {
    let topics = [
        commands("r"),
        Topic::Status("r".into()),
        Topic::Runs,
        Topic::Announce,
        Topic::Signals,
        Topic::Artifacts,
        Topic::Query,
        Topic::Reply,
        Topic::Warnings,
    ];
    let mut inboxes = Vec::new();
    for topic in &topics {
        inboxes.push(bench.listen(topic, Audience::Each).await);
    }
    for topic in &topics {
        bench.say(topic, [topic.to_string()]).await;
    }
    for (topic, inbox) in topics.iter().zip(&mut inboxes) {
        let post = next(&mut **inbox).await;
        assert_eq!((&post.topic, text(&post)), (topic, topic.to_string()));
    }
    for inbox in &mut inboxes {
        silent(&mut **inbox).await;
    }
}

/// Names of roles that brokers would not take, or would take for each other.
pub async fn roles_of_any_name_are_kept_apart(bench: BusBench) {
    let long = "long".repeat(30);
    let roles = [
        "r", "R", "r.s", "r_s", "r-s", "r s", "r/s", "r*", "r>", "*", "rö", "%72", "\"r\"", &long,
    ];
    let mut inboxes = Vec::new();
    for role in roles {
        inboxes.push(bench.listen(&commands(role), group(role)).await);
    }
    for role in roles {
        bench.say(&commands(role), [role.to_owned()]).await;
    }
    for (role, inbox) in roles.into_iter().zip(&mut inboxes) {
        let post = next(&mut **inbox).await;
        assert_eq!((&post.topic, &*text(&post)), (&commands(role), role));
    }
    for inbox in &mut inboxes {
        silent(&mut **inbox).await;
    }
}

/// One inbox, several topics, each post with its own.
pub async fn one_inbox_hears_several_topics(bench: BusBench) {
    let topics = [Topic::Signals, Topic::Query, Topic::Status("r".into())];
    let all = topics.each_ref();
    let mut inbox = listen(&*bench.bus, all, Audience::Each).await;
    for topic in &topics {
        bench.say(topic, [topic.to_string()]).await;
    }
    bench.say(&Topic::Reply, ["another".to_owned()]).await;
    let mut heard = heard(&mut *inbox, topics.len()).await;
    heard.sort_by_key(text);
    for post in &heard {
        assert_eq!(text(post), post.topic.to_string());
    }
    assert_eq!(heard.len(), topics.len());
    silent(&mut *inbox).await;
}

/// However many keys there are.
pub async fn what_shares_a_key_keeps_its_order(bench: BusBench) {
    let topic = commands("r");
    let mut inboxes = [
        bench.listen(&topic, Audience::Each).await,
        bench.listen(&topic, group("r")).await,
    ];
    let keys = ["a", "b", "c", ""];
    for n in 0..50 {
        for key in keys {
            said(&*bench.bus, post(&topic, key, &format!("{key}{n:04}"))).await;
        }
    }
    for inbox in &mut inboxes {
        let all = heard(&mut **inbox, 50 * keys.len()).await;
        for key in keys {
            let of_key = all.iter().filter(|post| post.key == key).map(text);
            let of_key: Vec<_> = of_key.collect();
            assert_eq!(of_key.len(), 50);
            assert!(of_key.is_sorted(), "{of_key:?}");
        }
    }
}

/// Nobody has to listen for a post to be taken.
pub async fn what_nobody_hears_is_taken(bench: BusBench) {
    for topic in [commands("nobody"), Topic::Signals, Topic::Warnings] {
        bench.say(&topic, ["a".to_owned()]).await;
    }
}

/// Whatever was said before.
pub async fn what_is_said_later_is_heard(bench: BusBench) {
    for topic in [commands("r"), Topic::Signals] {
        bench.say(&topic, ["before".to_owned()]).await;
        for audience in [Audience::Each, group("r")] {
            let mut inbox = bench.listen(&topic, audience).await;
            bench.say(&topic, ["later".to_owned()]).await;
            // What was said before may be heard too, or not.
            comes_to(&mut *inbox, "later").await;
        }
    }
    // Only later ones, if nothing was said before.
    let mut inbox = bench.listen(&Topic::Query, Audience::Each).await;
    bench.say(&Topic::Query, ["a".into(), "b".into()]).await;
    assert_eq!(heard_texts(&mut *inbox, 2).await, ["a", "b"]);
}
