use antflow::{pipeline, stage, task};

struct Order;
struct Priced;
struct Shipped;

#[task]
async fn validate(order: Order) -> Order {
    order
}

#[task]
async fn price(_: Order) -> Priced {
    Priced
}

#[task]
async fn ship(_: Order) -> Shipped {
    Shipped
}

#[stage(workers = 2)]
struct Fulfil(validate, price, ship);

fn main() {
    let _ = pipeline!(Fulfil).run([Order]);
}
