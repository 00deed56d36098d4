//! A type parameter is `Send + 'static` without being told.
#![deny(warnings)]

use antflow::{pipeline, stage, task};

#[stage]
async fn pass<T>(value: T) -> T {
    value
}

#[task]
async fn count<T: AsRef<[u8]>>(value: T) -> usize {
    value.as_ref().len()
}

#[stage]
struct Count(count::<String>);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let results = pipeline!(pass::<String> >> Count).run(["four".to_owned()]).await.unwrap();
    assert_eq!(results[0].value.as_ref().unwrap(), &4);
}
