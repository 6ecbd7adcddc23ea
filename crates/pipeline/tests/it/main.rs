//! The path as a service uses it: it concludes while packets keep coming, others listen in, and
//! months pass.

mod continuous;
mod frames;
mod months;
