//! An annotated function is called as before, and one `use` brings the function and the stage.
#![deny(warnings, missing_docs, unreachable_pub)]

use antflow::pipeline;
use steps::{Both, double};

mod steps {
    use antflow::{stage, task};

    /// Doubles.
    #[stage(workers = 2)]
    pub(crate) async fn double(number: u32) -> u32 {
        number * 2
    }

    #[task]
    pub(super) async fn halve(number: u32) -> u32 {
        number / 2
    }

    #[stage]
    pub(crate) struct Both(halve, super::deeper::square);
}

mod deeper {
    #[antflow::task]
    pub(crate) async fn square(number: u32) -> u32 {
        number * number
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(double(2).await, 4);
    assert_eq!(steps::halve(4).await, 2);

    #[antflow::stage]
    async fn within(number: u32) -> String {
        number.to_string()
    }

    let results = pipeline!(double >> Both >> within).run([3]).await.unwrap();
    assert_eq!(results[0].value.as_ref().unwrap(), "9");
}
