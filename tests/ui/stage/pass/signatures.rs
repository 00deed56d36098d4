//! Every way to take an item and to give one on.
#![deny(warnings)]

use std::io;

use antflow::{State, TaskContext, pipeline, stage};

#[derive(Clone)]
struct Prefix(String);

#[stage]
async fn by_value(number: u32) -> u32 {
    number + 1
}

#[stage]
async fn by_reference(number: &u32) -> Result<u64, io::Error> {
    Ok(u64::from(*number))
}

#[stage]
async fn aliased(number: u64) -> io::Result<String> {
    Ok(number.to_string())
}

#[stage]
async fn from_str(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[stage]
async fn from_slice(bytes: &[u8]) -> &'static str {
    if bytes.is_empty() { "none" } else { "some" }
}

#[stage]
async fn from_static(text: &'static str) -> (String, usize) {
    (text.to_owned(), text.len())
}

#[stage]
async fn several(text: String, length: usize) -> (String, Vec<usize>) {
    (text, vec![length])
}

#[stage]
async fn several_by_reference(text: &str, lengths: &[usize]) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    Ok(format!("{text}: {}", lengths[0]))
}

#[stage]
async fn with_state(State(prefix): State<Prefix>, text: String, cx: &TaskContext) -> String {
    format!("{}{text}, attempt {}", prefix.0, cx.attempt())
}

#[stage]
async fn generic<T: Send + 'static, const N: usize>(value: T) -> T
where
    T: Clone,
{
    let copies = [(); N].map(|()| value.clone());
    copies.into_iter().next().unwrap()
}

#[stage]
async fn printed(text: &String) {
    assert_eq!(text, "> some: 4, attempt 1");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let etl = pipeline!(
        by_value
            >> by_reference
            >> aliased
            >> from_str
            >> from_slice
            >> from_static
            >> several
            >> several_by_reference
            >> with_state
            >> generic::<String, 2>
            >> printed
    );
    let results = etl.with_state(Prefix("> ".to_owned())).run([1]).await.unwrap();
    assert!(results[0].is_success(), "{results:?}");
}
