use antflow::{pipeline, stage};

mod orders {
    #[antflow::task]
    async fn check(order: String) -> usize {
        order.len()
    }
}

#[stage]
struct Fulfil(orders::check);

fn main() {
    let _ = pipeline!(Fulfil);
}
