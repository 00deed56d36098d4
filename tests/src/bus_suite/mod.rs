//! What every bus has to do, whatever its engine: the cases that [`bus_suite!`](macro@crate::bus_suite) and
//! [`broker_suite!`](macro@crate::broker_suite) make tests of.
//!
//! A case gets a [`BusBench`]: a bus on which nothing was said. Cases run on real time, and wait as long as a loaded
//! machine may need; no case asks for speed.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "cases are the bodies of tests: they panic to say what is wrong"
)]

pub mod bench;
pub mod ends;
pub mod groups;
pub mod heals;
pub mod hearing;
pub mod posts;

pub use bench::{Broker, BusBench};

/// Lists the cases once, and makes a macro that makes tests of them.
macro_rules! cases {
    ($d:tt $name:ident $about:literal $($module:ident: $($case:ident)*;)*) => {
        #[doc = $about]
        ///
        /// `$make` is an async function that makes a fresh [`BusBench`](crate::bus_suite::BusBench).
        #[macro_export]
        macro_rules! $name {
            ($d make:path) => {
                $(mod $module {
                    $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $case() {
                        let bench = $d make().await;
                        $crate::bus_suite::bench::case($crate::bus_suite::$module::$case(bench)).await;
                    })*
                })*
            };
        }
    };
}

cases! { $
    bus_suite "Makes a test of each case for all buses."
    hearing:
        each_hears_all
        topics_are_kept_apart
        roles_of_any_name_are_kept_apart
        one_inbox_hears_several_topics
        what_shares_a_key_keeps_its_order
        what_nobody_hears_is_taken
        what_is_said_later_is_heard;
    groups:
        one_of_a_group_hears_each_post
        groups_hear_beside_each_other
        a_group_hears_several_topics
        whoever_does_not_ask_holds_nothing_back
        whoever_gave_up_waiting_holds_nothing_back
        an_inbox_that_is_dropped_leaves_its_share
        a_wait_that_is_dropped_loses_nothing;
    posts:
        posts_of_any_size_come_through
        what_is_no_envelope_comes_through
        keys_of_any_text_come_through
        many_posts_from_many_sides;
    ends:
        a_closed_bus_takes_nothing_and_ends_its_inboxes
        others_go_on_when_one_is_closed;
}

cases! { $
    broker_suite "Makes a test of each case for buses with a broker, which is killed: each bench has its own."
    heals:
        two_clusters_on_one_broker_hear_nothing_of_each_other
        it_heals_after_the_broker_was_killed
        it_heals_when_the_broker_is_killed_under_load
        who_comes_while_the_broker_is_away_is_told;
}
