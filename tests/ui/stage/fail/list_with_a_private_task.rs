use antflow::{pipeline, stage, task};

mod orders {
    use super::*;

    #[task]
    async fn check(order: String) -> usize {
        order.len()
    }

    #[stage]
    pub(crate) struct Fulfil(check);
}

fn main() {
    let _ = pipeline!(orders::Fulfil);
}
