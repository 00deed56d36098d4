//! A key is anything that is `Hash`, also a part of the item, by a function of any name.

use antflow::{pipeline, stage};

#[derive(Clone)]
struct Order {
    customer: String,
}

impl Order {
    fn customer(&self) -> &str {
        &self.customer
    }
}

#[stage(workers = 4, key = Order::customer)]
async fn ship(order: &Order) -> usize {
    order.customer.len()
}

fn key(number: &usize) -> (bool, u8) {
    (number % 2 == 0, 0)
}

#[stage(key = key, skip_if = is_none, on_success = note)]
async fn file(number: usize) -> usize {
    number
}

fn is_none(number: &usize) -> bool {
    *number == 0
}

fn note(_: &antflow::TaskContext, _: &usize) {}

#[stage(workers = 2, key = both)]
async fn pair(left: u8, right: u8) -> u8 {
    left + right
}

fn both(pair: &(u8, u8)) -> u8 {
    pair.0
}

#[stage(key = str::len)]
async fn measure(text: &str) -> usize {
    text.len()
}

#[stage(key = same)]
async fn pass<T: Clone + std::hash::Hash>(value: T) -> T {
    value
}

fn same<T: Clone>(value: &T) -> T {
    value.clone()
}

fn main() {
    let _ = pipeline!(ship >> file);
    let _ = pipeline!(pair);
    let _ = pipeline!(measure >> pass::<usize>);
}
