//! What a device does for others, as far as it tells what the device is.

/// Things an end was seen to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trait {
    AdvertisesRoutes,
    QueriesGroups,
    SpeaksEapol,
    UsesDhcp,
    ServesDhcp,
    ServesDns,
    Beacons,
    WifiClient,
}

impl Trait {
    /// Its bit in [`crate::ends::End::traits`].
    pub(crate) const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// Whether the bit is set.
    pub(crate) const fn is_in(self, traits: u32) -> bool {
        traits & self.bit() != 0
    }
}
