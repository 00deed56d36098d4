//! A configuration that cannot work is refused before anything starts, with all mistakes at once.

use std::convert::Infallible;

use antflow::{
    ConfigError, FnStage, Pipeline, Rate, Retry, StartError, from_fn, pipeline, stage, task,
};
use antflow_tests::{Gauge, millis, seconds, within};

#[stage]
async fn fetch(item: u64) -> u64 {
    item
}

#[stage(retry = "per_task")]
async fn parse(item: u64) -> Result<u64, Infallible> {
    Ok(item)
}

type Plain = FnStage<fn(u64) -> std::future::Ready<Result<u64, Infallible>>, u64, u64, Infallible>;

/// A stage whose name is all it has.
fn plain(name: &'static str) -> Plain {
    from_fn(name, |item| std::future::ready(Ok(item)))
}

fn mistakes(error: &StartError) -> Vec<String> {
    let StartError::Config(error) = error else {
        panic!("{error}");
    };
    error.mistakes().to_vec()
}

#[tokio::test(start_paused = true)]
async fn all_mistakes_are_reported_together_with_the_names_of_their_stages() {
    let (zero, none) = (0, 0);
    let etl = pipeline!(
        fetch.workers(zero).queue(zero)
            >> parse.attempts(none).concurrency(zero)
            >> (plain("Fetch"))
    );
    let error = etl.start().unwrap_err();
    let mistakes = mistakes(&error);
    assert_eq!(
        mistakes,
        [
            "stage `Fetch`: `workers` must be at least 1",
            "stage `Fetch`: `queue` must be at least 1",
            "stage `Parse`: `concurrency` must be at least 1: nothing would ever start",
            "stage `Parse`: `attempts` must be at least 1: the first try counts",
            "stage `Fetch`: there is another stage of this name: rename one with `.named(\"..\")`",
        ]
    );
    for mistake in mistakes {
        assert!(error.to_string().contains(&mistake), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn run_and_stream_refuse_what_start_refuses_and_take_nothing() {
    let taken = Gauge::new();
    let gauge = taken.clone();
    let items = (0..5).inspect(move |_| drop(gauge.enter()));
    let none = 0;
    let etl = pipeline!(fetch.workers(none));
    let expected = etl.start().unwrap_err();
    assert_eq!(within(etl.run(items.clone())).await.unwrap_err(), expected);
    assert_eq!(etl.stream(items).unwrap_err(), expected);
    assert_eq!(StartError::Config(etl.validate().unwrap_err()), expected);
    assert_eq!(taken.total(), 0);
}

/// The one mistake of a pipeline of this stage.
fn mistake(stage: Plain) -> String {
    let error: ConfigError = Pipeline::builder()
        .stage(stage)
        .validate()
        .expect_err("a mistake");
    let [mistake] = error.mistakes() else {
        panic!("{error}");
    };
    mistake.clone()
}

#[test]
fn each_number_has_its_bounds() {
    let retry = Retry::per_task();
    let cases = [
        (plain("A").workers(0), "`workers` must be at least 1"),
        (
            plain("A").workers(usize::MAX).queue(1),
            "`workers` must be at most",
        ),
        (plain("A").queue(0), "`queue` must be at least 1"),
        (
            plain("A").timeout(seconds(0)),
            "`timeout` must be longer than zero",
        ),
        (
            plain("A").concurrency(0),
            "`concurrency` must be at least 1",
        ),
        (
            plain("A").rate(Rate::new(0, seconds(1))),
            "`rate` needs a count of at least 1",
        ),
        (
            plain("A").rate(Rate::new(1, seconds(0))),
            "a period longer than zero",
        ),
        (
            plain("A").retry(retry.clone().attempts(0)),
            "`attempts` must be at least 1",
        ),
        (
            plain("A").retry(retry.clone().max_wait(seconds(9))),
            "it needs an exponential backoff",
        ),
        (
            plain("A").retry(retry.exponential().wait(seconds(2)).max_wait(seconds(1))),
            "`max_wait` is shorter than `wait`",
        ),
    ];
    for (stage, expected) in cases {
        let mistake = mistake(stage);
        assert!(
            mistake.starts_with("stage `A`: ") && mistake.contains(expected),
            "{mistake}"
        );
    }
    assert!(mistake(plain("")).contains("its name is empty"));
}

#[tokio::test(start_paused = true)]
async fn the_largest_numbers_mean_no_bound() {
    let stage = || plain("Wide").queue(usize::MAX).concurrency(usize::MAX);
    let often = Rate::new(u32::MAX, millis(1));
    for stage in [stage(), stage().ordered(), stage().rate(often)] {
        let etl = pipeline!((stage) >> fetch.queue(usize::MAX));
        assert_eq!(within(etl.run(0..100)).await.unwrap().len(), 100);
        let mut stream = etl.stream(0..100).unwrap();
        let mut seen = 0;
        while within(stream.next()).await.is_some() {
            seen += 1;
        }
        assert_eq!(seen, 100);
    }
    let rare = plain("Rare").rate(Rate::new(1, std::time::Duration::MAX));
    let etl = Pipeline::builder().stage(rare);
    assert_eq!(within(etl.run([1])).await.unwrap().len(), 1);
}

#[task]
async fn check(item: u64) -> u64 {
    item
}

#[stage]
struct List(check, check);

#[test]
fn settings_of_retries_need_a_stage_that_retries() {
    let etl = pipeline!(fetch.attempts(3).wait(millis(1)) >> List.attempts(2));
    let error = etl.validate().unwrap_err();
    let named = |mistake: &String| {
        let setting = mistake.split('`').nth(3).unwrap_or_default();
        assert!(mistake.contains("does not retry"), "{mistake}");
        (
            mistake.split('`').nth(1).unwrap_or_default().to_owned(),
            setting.to_owned(),
        )
    };
    let named: Vec<_> = error.mistakes().iter().map(named).collect();
    let expected = [
        ("Fetch", "attempts"),
        ("Fetch", "wait"),
        ("List", "attempts"),
    ];
    assert_eq!(
        named,
        expected.map(|(stage, key)| (stage.to_owned(), key.to_owned()))
    );
}

#[test]
fn a_stage_may_be_used_twice_under_two_names() {
    let once_more = pipeline!(fetch >> fetch).validate().unwrap_err();
    assert_eq!(once_more.mistakes().len(), 1);
    pipeline!(fetch >> fetch.named("Again")).validate().unwrap();
    assert_eq!(
        pipeline!(fetch >> fetch.named("Again")).stage_names(),
        ["Fetch", "Again"]
    );
}

#[test]
fn a_broadcast_needs_a_stage_whatever_stands_in_front_of_it() {
    let none = Vec::<Plain>::new();
    let etl = Pipeline::builder().stage(plain("First")).filter(|_| true);
    let error = etl.clone().broadcast(none.clone()).validate().unwrap_err();
    let mistake = "stage `First`: it is followed by a broadcast to no stage";
    assert_eq!(error.mistakes(), [mistake]);
    let etl = etl.broadcast([plain("Second"), plain("Third")]);
    let error = etl
        .flat_map(|n| [n])
        .broadcast(none)
        .validate()
        .unwrap_err();
    assert_eq!(error.mistakes(), [mistake.replace("First", "Third")]);
}

#[test]
fn the_runtime_is_missed_before_the_mistakes_are() {
    let none = 0;
    let error = pipeline!(fetch.workers(none)).start().unwrap_err();
    assert_eq!(error, StartError::NoRuntime);
    pipeline!(fetch).validate().unwrap();
    assert_eq!(pipeline!(fetch).start().unwrap_err(), StartError::NoRuntime);
}
