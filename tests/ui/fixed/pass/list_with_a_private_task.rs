use antflow::{pipeline, stage, task};

mod orders {
    use super::*;

    // ANCHOR: fix
    #[task]
    pub(crate) async fn check(order: String) -> usize {
        order.len()
    }

    #[stage]
    pub(crate) struct Fulfil(check);
    // ANCHOR_END: fix
}

fn main() {
    let _ = pipeline!(orders::Fulfil);
}
