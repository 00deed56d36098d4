use antflow::{pipeline, stage};

struct Order {
    weight: f64,
}

#[stage(workers = 4, key = weight)]
async fn ship(order: Order) -> f64 {
    order.weight
}

fn weight(order: &Order) -> f64 {
    order.weight
}

fn main() {
    let _ = pipeline!(ship);
}
