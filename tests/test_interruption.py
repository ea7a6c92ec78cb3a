"""The first signal stops where nothing is lost, the second at once."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from stilts_keras.errors import Interrupted
from stilts_keras.interruption import SIGNALS
from stilts_keras.interruption import Interruption


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_raised_with_its_number(number):
    with pytest.raises(Interrupted) as caught, Interruption():
        send(number)
    assert caught.value.signal_number == number


def test_what_is_held_ends_first():
    done = []
    with pytest.raises(Interrupted), Interruption() as interruption:
        with interruption.held():
            with interruption.held():
                send(signal.SIGTERM)
                done.append("inner")
            done.append("outer")
        done.append("after")
    assert done == ["inner", "outer"]


def test_what_is_saved_on_the_way_out_is_not_cut_off_again():
    done = []
    with pytest.raises(Interrupted), Interruption() as interruption:
        try:
            send(signal.SIGINT)
        except Interrupted:
            with interruption.held():
                done.append("saved")
            raise
    assert done == ["saved"]


def test_an_error_in_a_held_block_is_that_error():
    with pytest.raises(ZeroDivisionError), Interruption() as interruption:
        with interruption.held():
            send(signal.SIGTERM)
            raise ZeroDivisionError


def test_handlers_are_given_back():
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interruption():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_other_threads_may_run_experiments():
    done = []

    def work():
        with Interruption() as interruption, interruption.held():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_exits_at_once(number):
    code = (
        "import os, signal, time\n"
        "from stilts_keras.interruption import Interruption\n"
        "with Interruption() as interruption, interruption.held():\n"
        "    for _ in range(2):\n"
        f"        os.kill(os.getpid(), {int(number)})\n"
        "    time.sleep(60)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=30)
    assert done.returncode == 128 + number


def test_several_stop_at_the_end_of_the_same_block():
    asked, done = [], []

    def agreed(num_held, number):
        asked.append((num_held, number))
        return signal.SIGTERM if num_held == 3 else None

    with pytest.raises(Interrupted) as caught, Interruption() as interruption:
        with interruption.together(agreed):
            for block in range(9):
                with interruption.held(), interruption.held():
                    done.append(block)
                if block == 1:
                    # Outside of any block, and yet it waits for the others.
                    send(signal.SIGINT)
                    done.append("on")
    assert done == [0, 1, "on", 2]
    assert asked == [(1, None), (2, None), (3, signal.SIGINT)]
    assert caught.value.signal_number == signal.SIGTERM
