from accelerate import Accelerator

from vg_mc.system.processes import Agreement


def test_a_process_alone_agrees_with_itself():
    agreement = Agreement(Accelerator(cpu=True))

    assert [agreement.largest(number) for number in (0, 15)] == [0, 15]
