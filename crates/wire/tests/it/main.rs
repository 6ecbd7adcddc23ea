//! What must hold of every parser, whoever wrote it: walks the tables of `protocols`.

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod seeds;
