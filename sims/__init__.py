"""What happens: chains, samplers and verdicts."""

from modelcollapse.sims.moments import Moments as Moments
from modelcollapse.sims.run import Run as Run
from modelcollapse.sims.simulate import simulate as simulate
