//! What the documents say of unpacking an item into parameters: the parts of a tuple, the fields of a struct, a list.

use antflow::{pipeline, stage, task};
use antflow_tests::{double, values, within};

#[stage]
async fn add(left: u64, right: u64) -> u64 {
    left + right
}

#[tokio::test(start_paused = true)]
async fn several_parameters_are_the_parts_of_a_tuple_and_one_is_the_item() {
    let etl = pipeline!(add >> double);
    let results = within(etl.run([(1, 2), (30, 40)])).await.unwrap();
    assert_eq!(values(results), [6, 140]);
}

#[stage]
async fn whole(pair: (u64, u64)) -> u64 {
    pair.0 * 10 + pair.1
}

#[tokio::test(start_paused = true)]
async fn one_parameter_takes_the_whole_tuple() {
    let results = within(pipeline!(whole).run([(1, 2)])).await.unwrap();
    assert_eq!(values(results), [12]);
}

struct Scaling {
    value: u64,
    factor: u64,
}

impl Default for Scaling {
    fn default() -> Self {
        let (value, factor) = (0, 10);
        Self { value, factor }
    }
}

#[stage]
async fn scale(Scaling { value, factor }: Scaling) -> u64 {
    value * factor
}

#[tokio::test(start_paused = true)]
async fn named_parts_are_the_fields_of_a_struct_and_may_have_defaults() {
    let named = Scaling {
        value: 3,
        factor: 2,
    };
    let by_default = Scaling {
        value: 4,
        ..Scaling::default()
    };
    let results = within(pipeline!(scale).run([named, by_default])).await;
    assert_eq!(values(results.unwrap()), [6, 40]);
}

#[stage]
async fn total(numbers: &[u64]) -> u64 {
    numbers.iter().sum()
}

#[tokio::test(start_paused = true)]
async fn a_list_is_a_slice_of_any_length() {
    let lists = [vec![], vec![1], vec![1, 2, 3]];
    let results = within(pipeline!(total).run(lists)).await.unwrap();
    assert_eq!(values(results), [0, 1, 6]);
}

#[task]
async fn split(text: &str) -> (String, usize) {
    (text.to_owned(), text.len())
}

#[task]
async fn label(text: String, length: usize) -> Scaling {
    Scaling {
        value: u64::try_from(length).expect("short"),
        factor: u64::from(text.starts_with('a')) + 1,
    }
}

#[stage]
struct Measure(split, label);

#[tokio::test(start_paused = true)]
async fn tuples_structs_and_scalars_may_follow_each_other() {
    let etl = pipeline!(Measure >> scale >> double);
    let texts = ["ant", "flow"].map(str::to_owned);
    let results = within(etl.run(texts)).await.unwrap();
    assert_eq!(values(results), [12, 8]);
}
