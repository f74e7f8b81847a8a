"""What test_crew.py lets several processes do: prepare_data.py, with shards of a few photos."""

import sys

from vg_mc.commands.prepare_data import main
from vg_mc.prepared.build import plan as planning

planning.PHOTOS_PER_SHARD = 8

if __name__ == "__main__":
    main(sys.argv[1:])
